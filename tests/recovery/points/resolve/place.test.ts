/** A place in the WAL: sets by position, everything else by the commit's time. */
import { describe, expect, test } from 'vitest';
import { type ResolveInput, resolveTarget } from '../../../../recovery/points/resolve/resolve.ts';
import { parseTarget } from '../../../../recovery/points/target.ts';
import { entryAt } from '../entry-fixture.ts';
import { postgresCapture, resticCapture } from '../point-fixture.ts';

const at = (time: string): string => `2026-11-23T${time}Z`;
const now = new Date(at('12:00:00'));
const pg = (time: string, rest = {}) => postgresCapture(at(time), rest);
const restic = (workload: string, time: string) => resticCapture(workload, at(time));

type Asked = Pick<ResolveInput, 'entries' | 'workloads'> & Partial<ResolveInput>;

function resolve(target: string, rest: Asked) {
  return resolveTarget({ repository: 'primary', now, target: parseTarget(target, now), ...rest });
}

/** workload → [point, time of the capture, mode, skew] */
function facts(target: string, rest: Asked): Record<string, readonly unknown[]> {
  const rows = resolve(target, rest).items.map(
    (i) => [i.workload, [i.point, i.capture.capturedAt.slice(11, 19), i.mode, i.skewSeconds]] as const,
  );
  return Object.fromEntries(rows);
}

describe('a place in the WAL', () => {
  const place = {
    lineage: 'main-1',
    timeline: 1,
    lsn: '0/5000000',
    inclusive: false,
    at: Date.parse(at('03:10:00')) * 1000,
  };
  // A clock that went back: the later set is dated before the earlier one.
  const SETS = [
    entryAt(at('04:00:00'), [pg('04:00:30', { lsnStop: '0/3000050' }), restic('redis', '02:00:05')]),
    entryAt(at('03:00:00'), [pg('03:00:20', { lsnStop: '0/4000050' }), restic('redis', '03:00:05')]),
    entryAt(at('03:30:00'), [pg('03:30:20', { lsnStop: '0/6000050' }), restic('redis', '03:30:05')]),
  ];
  const sets = { entries: SETS, workloads: ['postgres', 'redis'] };

  test('the set is the last one by position, whatever the clocks said; the rest is of before that commit', () => {
    expect(facts('before:744', { ...sets, place })).toEqual({
      postgres: [SETS[1]?.point.id, '03:00:20', 'place', 0],
      redis: [SETS[1]?.point.id, '03:00:05', undefined, 595],
    });
  });

  test('a place before every set, or of a lineage without one, is refused with what can be reached', () => {
    const early = { ...place, lsn: '0/3000010' };
    expect(() => resolve('before:744', { ...sets, place: early })).toThrow(/its first set ends at 0\/3000050/);
    const other = { ...place, lineage: 'main-2' };
    expect(() => resolve('lsn:0/5000000', { ...sets, place: other })).toThrow(/no usable set is of that lineage/);
  });

  test('a timeline that a set left later is not replayed from it', () => {
    const forked = SETS.map((entry, n) =>
      n === 1 ? entryAt(at('03:00:00'), [pg('03:00:20', { lsnStop: '0/4000050', timeline: 2 })]) : entry,
    );
    expect(facts('before:744', { entries: forked, workloads: ['postgres'], place })).toEqual({
      postgres: [SETS[0]?.point.id, '04:00:30', 'place', 0],
    });
  });

  test('who reads no WAL says so', () => {
    expect(() => resolve('name:before release 2.3', sets)).toThrow(/this command reads none/);
  });
});
