import { expect, test } from 'vitest';
import { documentDigest, signPoint, verifyPoint } from '../../../recovery/points/signing.ts';
import { pointBody, resticCapture } from './point-fixture.ts';

const key = { name: 'k1', secret: 'one' };
const time = '2026-11-23T02:00:00Z';
const body = { ...pointBody(time, [resticCapture('uploads', time)]), previous: null };
const point = signPoint(body, key);

test('a signed point is believed, in whatever order its fields stand', () => {
  expect(verifyPoint(point, [key])).toBe('ok');
  const reversed = Object.fromEntries(Object.entries(point).reverse()) as typeof point;
  expect(verifyPoint(reversed, [key])).toBe('ok');
  expect(documentDigest(reversed)).toBe(documentDigest(point));
});

test('any change is bad, also of the signature itself', () => {
  expect(verifyPoint({ ...point, complete: false }, [key])).toBe('bad');
  expect(verifyPoint({ ...point, captures: [] }, [key])).toBe('bad');
  expect(verifyPoint({ ...point, ...{ extra: 1 } }, [key])).toBe('bad');
  const cut = { ...point.signature, hmacSha256: point.signature.hmacSha256.slice(2) };
  expect(verifyPoint({ ...point, signature: cut }, [key])).toBe('bad');
  const changed: typeof point = { ...point, complete: false };
  expect(documentDigest(changed)).not.toBe(documentDigest(point));
});

test('a key that is absent is said so; a key of the same name and another secret is no good', () => {
  expect(verifyPoint(point, [])).toBe('unknown-key');
  expect(verifyPoint(point, [{ name: 'k2', secret: 'one' }])).toBe('unknown-key');
  expect(verifyPoint(point, [{ name: 'k1', secret: 'two' }])).toBe('bad');
  const rotated = [{ name: 'k1', secret: 'two' }, key];
  expect(verifyPoint(point, rotated)).toBe('ok');
});

test('the signature never holds the secret', () => {
  expect(JSON.stringify(point)).not.toContain(key.secret.repeat(2));
  expect(point.signature).toEqual({ key: 'k1', hmacSha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
});
