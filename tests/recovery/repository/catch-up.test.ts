/** Which WAL a repository lacks that took no part for a while. */
import { expect, test } from 'vitest';
import { missingWal } from '../../../recovery/repository/catch-up.ts';

const segment = (number: number, timeline = 1): string =>
  `0000000${timeline}00000000000000${number.toString(16).toUpperCase().padStart(2, '0')}`;

test('everything after its oldest segment, of each timeline, with the histories', () => {
  const own = [segment(5), segment(6), segment(9, 2)];
  const others = [segment(2), segment(5), segment(6), segment(7), segment(8, 2), segment(9, 2), '00000002.history'];
  expect(missingWal(own, others)).toEqual([segment(7), '00000002.history', segment(8, 2)].sort());
});

test('an empty archive lacks nothing: no set there could be replayed', () => {
  expect(missingWal([], [segment(1)])).toEqual([]);
});
