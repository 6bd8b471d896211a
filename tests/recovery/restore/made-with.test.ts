/** Engines of this host that are older than those that made the point. */
import { expect, test } from 'vitest';
import { engineNotes } from '../../../recovery/restore/made-with.ts';
import { resticCapture } from '../points/point-fixture.ts';

const item = { point: 'p', capture: resticCapture('uploads', '2026-11-23T00:00:00Z') };
const notes = (then: Record<string, string>, here: string | undefined) =>
  engineNotes([item, item], new Map([['p', then]]), { restic: here });

test.each([
  ['the same', { restic: '0.14.0' }, '0.14.0', []],
  ['newer here', { restic: '0.14.0' }, '0.16', []],
  ['older here', { restic: '0.16.2' }, '0.14.0', [/^restic of this host is 0\.14\.0, and p was made with 0\.16\.2/]],
  ['unknown here: the check of the engines says so', { restic: '0.16.2' }, undefined, []],
  ['a point that does not say', {}, '0.14.0', [/^the point p does not say which version of restic made it/]],
] as const)('%s', (_, then, here, wanted) => {
  const found = notes(then, here);
  expect(found).toHaveLength(wanted.length);
  for (const [n, pattern] of wanted.entries()) expect(found[n]).toMatch(pattern);
});
