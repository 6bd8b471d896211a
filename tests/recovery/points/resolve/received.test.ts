/** Received WAL: the copy that holds a moment was made after it. */
import { describe, expect, test } from 'vitest';
import type { CatalogEntry } from '../../../../recovery/points/catalog/catalog.ts';
import { type ResolveInput, resolveTarget } from '../../../../recovery/points/resolve/resolve.ts';
import { parseTarget } from '../../../../recovery/points/target.ts';
import { entryAt } from '../entry-fixture.ts';
import { resticCapture } from '../point-fixture.ts';

const at = (time: string): string => `2026-11-23T${time}Z`;
const now = new Date(at('12:00:00'));

/** @param base the newest one, of which a moment before has the one of 02:00 */
function received(time: string, base = '02:00:00'): CatalogEntry {
  const facts = { replayFrom: at('02:00:00'), newestBase: at(base), replayTo: at(time) };
  return entryAt(at(time), [{ ...resticCapture('postgres-wal', at(time)), facts }], { kind: 'incremental' });
}

const ENTRIES = [received('03:00:00'), received('03:15:00'), received('03:30:00', '03:20:00')];
const [FIRST, SECOND, THIRD] = ENTRIES.map(({ point }) => point.id) as [string, string, string];

function resolve(time: string, rest: Partial<ResolveInput> = {}) {
  const target = parseTarget(at(time), now);
  const input = { repository: 'primary', entries: ENTRIES, workloads: ['postgres-wal'], now, target, ...rest };
  return resolveTarget(input).items.map(({ point, skewSeconds }) => [point, skewSeconds])[0];
}

const marked = (id: string): CatalogEntry[] =>
  ENTRIES.map((entry) =>
    entry.point.id === id ? { ...entry, marks: [{ mark: 'compromised', at: at('11:00:00'), by: 'x' }] } : entry,
  );

describe('a moment', () => {
  test.each([
    ['02:00:01', FIRST, 0],
    ['03:00:00', FIRST, 0],
    ['03:00:01', SECOND, 0],
    ['03:29:59', THIRD, 0],
    ['03:31:00', THIRD, 60],
  ])('%s comes from the first copy that reaches it', (time, point, skew) => {
    expect(resolve(time)).toEqual([point, skew]);
  });

  test('before the first base backup can not be reached', () => {
    expect(() => resolve('01:59:59')).toThrow(/TARGET-UNREACHABLE/);
  });

  test('behind a compromised point is refused, unless a base backup lies between', () => {
    expect(() => resolve('03:16:00', { entries: marked(SECOND) })).toThrow(/TARGET-COMPROMISED/);
    expect(resolve('03:16:00', { entries: marked(SECOND), allowCompromised: true })).toEqual([THIRD, 0]);
    expect(resolve('03:29:00', { entries: marked(SECOND) })).toEqual([THIRD, 0]);
    expect(resolve('02:30:00', { entries: marked(SECOND) })).toEqual([FIRST, 0]);
  });
});

describe('a place in the WAL', () => {
  const placed = (entries: readonly CatalogEntry[], rest: Partial<ResolveInput> = {}) => {
    const target = parseTarget('before:744', now);
    const workloads = ['postgres-wal'];
    const input = { repository: 'primary', entries, workloads, now, target, received: true, ...rest };
    return resolveTarget(input).items.map(({ point }) => point);
  };

  test('is looked for in the newest copy, since nobody knows its moment', () => {
    expect(placed(ENTRIES)).toEqual([THIRD]);
    expect(() => placed(ENTRIES, { received: false })).toThrow(/TARGET-NEEDS-WAL/);
  });

  test('may lie after a compromised point, and is refused then', () => {
    expect(() => placed(marked(SECOND))).toThrow(/before:744 may lie after the point .* marked compromised/);
    expect(placed(marked(SECOND), { allowCompromised: true })).toEqual([THIRD]);
  });
});
