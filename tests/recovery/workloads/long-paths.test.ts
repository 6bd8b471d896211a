import { expect, test } from 'vitest';
import type { Capture } from '../../../recovery/points/point.ts';
import { longestPathFacts, longPathWarning, refuseLongPaths } from '../../../recovery/workloads/long-paths.ts';

const capture = (longest: number) =>
  ({ engine: 'restic', path: '/srv/uploads', facts: longestPathFacts(longest) }) as unknown as Capture;
const restore = (longest: number) => () => refuseLongPaths('uploads', '/srv/uploads', 'restore-1', capture(longest));

test('a path that is too long while it is laid down is refused beforehand, to the byte', () => {
  // /srv/.uploads.dr-restore-1-new.12345678/srv/uploads/ has 52 bytes.
  expect(restore(4095 - 52)).not.toThrow();
  expect(restore(4095 - 51)).toThrow(/would have 4096 bytes/);
  expect(() => refuseLongPaths('uploads', '/a', 'restore-1', { ...capture(0), facts: {} } as Capture)).not.toThrow();
});

test('a backup says by how much a path is too long', () => {
  expect(longPathWarning('/srv/uploads', 0)).toBeUndefined();
  expect(longPathWarning('/srv/uploads', 3000)).toBeUndefined();
  expect(longPathWarning('/srv/uploads', 4000)).toMatch(/has 4013 bytes.* shorten it by 329$/);
});
