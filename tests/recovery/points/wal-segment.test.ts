/** WAL positions with every size that a server can have. Expectations are `pg_walfile_name` of servers made with that size. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { followWal } from '../../../recovery/points/wal.ts';
import {
  nextSegment,
  placeOfSegment,
  previousSegment,
  segmentBytesOf,
  segmentOfLsn,
  segmentOfName,
  toSegmentBytes,
} from '../../../recovery/points/wal-segment.ts';
import { postgresCapture } from './point-fixture.ts';

const MIB = 1024 * 1024;

test.each([
  [1, '0/1000060', '000000010000000000000010', '000000010000000000000FFF'],
  [16, '0/1000060', '000000010000000000000001', '0000000100000000000000FF'],
  [64, '1/4000060', '000000010000000100000001', '00000001000000000000003F'],
  [1024, '2/80000000', '000000010000000200000002', '000000010000000000000003'],
] as const)('%i MB: the segment of an LSN, and the end of a row', (mib, lsn, name, last) => {
  const bytes = toSegmentBytes(mib * MIB);
  expect(segmentOfLsn(lsn, bytes)).toBe(segmentOfName(name, bytes));
  expect(nextSegment(last, bytes)).toBe('000000010000000100000000');
  expect(previousSegment('000000010000000100000000', bytes)).toBe(last);
  const { start, end } = placeOfSegment(name, bytes);
  expect(end - start).toBe(BigInt(bytes));
  // No gap over the end of a row, and none is overlooked.
  const names = new Set([previousSegment(last, bytes), last, '000000010000000100000000', '000000010000000100000001']);
  expect(followWal(names, previousSegment(last, bytes), bytes)).toMatchObject({ count: 4 });
  names.delete('000000010000000100000000');
  expect(followWal(names, last, bytes)?.gap).toBe('000000010000000100000000');
});

test('next and previous undo each other', () => {
  const size = fc.integer({ min: 0, max: 10 }).map((power) => MIB * 2 ** power);
  fc.assert(
    fc.property(size, fc.integer({ min: 0, max: 2 ** 20 }), (bytes, log) => {
      const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0');
      const name = `00000001${hex(log)}${hex(2 ** 32 / bytes - 1)}`;
      expect(previousSegment(nextSegment(name, bytes), bytes)).toBe(name);
      expect(segmentOfName(nextSegment(name, bytes), bytes)).toBe(segmentOfName(name, bytes) + 1);
    }),
  );
});

test('an older point proves its size by names and LSNs', () => {
  const at = (walStart: string, lsnStart: string) =>
    segmentBytesOf(postgresCapture('2026-11-23T02:00:00Z', { walStart, walStop: walStart, lsnStart }));
  expect(at('000000010000000000000002', '0/2000028')).toBe(16 * MIB);
  expect(at('000000010000000000000002', '0/8000028')).toBe(64 * MIB);
  expect(at('000000010000000000000020', '0/2000028')).toBe(MIB);
  expect(at('000000010000000000000003', '0/C0000028')).toBe(1024 * MIB);
  // In the first segment of a row several sizes fit.
  expect(at('000000010000000100000000', '1/28')).toBe(16 * MIB);
  expect(at('000000010000000100000000', '1/2000028')).toBe(64 * MIB);
});

test('what no server has', () => {
  for (const value of [0, 3 * MIB, 2048 * MIB, 'x']) expect(() => toSegmentBytes(value)).toThrow(/not the size/);
});
