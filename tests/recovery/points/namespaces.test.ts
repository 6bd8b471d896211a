/** What a point says of a cluster's namespaces, and when a smaller copy is suspect. */
import { expect, test } from 'vitest';
import { heldOf, lackingNamespaces, lostNamespace, namespaceFacts } from '../../../recovery/points/namespaces.ts';
import type { ResticCapture } from '../../../recovery/points/point.ts';

const captureWith = (facts: ResticCapture['facts']): ResticCapture => ({
  workload: 'manifests',
  engine: 'restic',
  snapshot: 'a'.repeat(64),
  digest: 'd',
  path: '/staging/manifests',
  capturedAt: '2026-11-25T02:00:00.000Z',
  bytes: 1,
  objects: 1,
  facts,
});

const whole = captureWith(namespaceFacts({ held: { shop: 40, billing: 12 }, lacking: [] }));
const smaller = captureWith(namespaceFacts({ held: { shop: 40 }, lacking: ['billing'] }));

test('each namespace with the number of its objects, and those that are missing', () => {
  expect(heldOf(whole)).toBe('shop 40, billing 12');
  expect(lackingNamespaces(whole)).toEqual([]);
  expect(heldOf(smaller)).toBe('shop 40');
  expect(lackingNamespaces(smaller)).toEqual(['billing']);
  expect(heldOf(captureWith({ namespaces: 'shop' }))).toBeUndefined();
});

test('a copy without a namespace is suspect only if the one before had it', () => {
  expect(lostNamespace(whole, smaller)).toBe('it lacks the namespace billing, which the copy before holds');
  expect(lostNamespace(smaller, smaller)).toBeUndefined();
  expect(lostNamespace(whole, whole)).toBeUndefined();
  // Taken out of the configuration on purpose: it was not to be captured.
  expect(lostNamespace(whole, captureWith(namespaceFacts({ held: { shop: 40 }, lacking: [] })))).toBeUndefined();
});
