import { expect, test } from 'vitest';
import type { CatalogEntry } from '../../../recovery/points/catalog/types.ts';
import { isOverdue, longestUnread } from '../../../recovery/points/read-overdue.ts';
import {
  dueParts,
  parseReadNote,
  partOf,
  partsOf,
  type ReadRecord,
  readNote,
  readState,
  setReadAt,
} from '../../../recovery/points/reads.ts';
import { newPacks } from '../../../recovery/verify/reading/packs.ts';
import { setsToRead } from '../../../recovery/verify/reading/sets.ts';

const DAY = 86_400_000;
const at = (day: number): Date => new Date(Date.parse('2026-11-01T03:30:00Z') + day * DAY);
const NOTHING = { well: [], again: [] };
const record = (facts: Partial<ReadRecord>): ReadRecord => ({
  ...{ parts: 22, packs: NOTHING, sets: NOTHING, bytes: 5 },
  ...facts,
});
const marked = (...records: (readonly [day: number, ReadRecord])[]) => [
  { marks: records.map(([day, each]) => ({ mark: 'read', at: at(day).toISOString(), note: readNote(each) })) },
];

test.each<ReadRecord>([
  record({}),
  record({ packs: { well: [5, 6], again: [] }, until: '2026-11-01T03:30:00.000Z' }),
  record({ packs: { well: [], again: [7] }, sets: { well: ['first-1/*'], again: ['first-1/20261101-020000F'] } }),
  record({ packs: { well: [1], again: [7, 22] }, sets: { well: ['a', 'b'], again: [] }, until: 'x' }),
])('a note says what it was made of: %j', (given) => {
  expect(parseReadNote(readNote(given))).toEqual(given);
});

test('a note of somebody else is no record', () => {
  for (const note of [undefined, '', 'restored by hand', '22 parts of packs'])
    expect(parseReadNote(note)).toBeUndefined();
});

test('a pass of four weeks reads 22 parts, every one of them once', () => {
  const parts = partsOf('4w');
  expect(parts).toBe(22);
  const seen = new Set<number>();
  const records: (readonly [number, ReadRecord])[] = [];
  for (let night = 0; night < parts; night += 1) {
    const due = dueParts(readState(marked(...records), parts), parts, at(night));
    expect(due).toHaveLength(1);
    for (const part of due) seen.add(part);
    records.push([night, record({ packs: { well: due, again: [] } })]);
  }
  expect(seen.size).toBe(parts);
});

test('who verifies once a week reads a week’s parts; damage is read again until it is well', () => {
  const weekly = readState(marked([0, record({ packs: { well: [1], again: [] } })]), 22);
  expect(dueParts(weekly, 22, at(7))).toHaveLength(7);
  const damaged = marked([0, record({ packs: { well: [1], again: [9] } })]);
  expect(dueParts(readState(damaged, 22), 22, at(1))).toContain(9);
  const mended = marked(
    [0, record({ packs: { well: [1], again: [9] } })],
    [1, record({ packs: { well: [9], again: [] } })],
  );
  expect(dueParts(readState(mended, 22), 22, at(2))).not.toContain(9);
});

test('packs of a name belong to one part; new ones are those since the last reading', () => {
  expect(partOf(`00000015${'0'.repeat(56)}`, 22)).toBe(22);
  const pack = (day: number) => ({ id: '0', key: `${day}`, size: 1, etag: '', modified: at(day) });
  const packs = [0, 1, 2, 3].map(pack);
  expect(newPacks(packs, undefined).map(({ key }) => key)).toEqual(['2', '3']);
  expect(newPacks(packs, at(3)).map(({ key }) => key)).toEqual(['3']);
});

test('all of a lineage covers the sets that had ended by then', () => {
  const state = readState(marked([3, record({ sets: { well: ['first-1/*'], again: [] } })]), 22);
  expect(setReadAt(state, 'first-1', 'x', at(2))).toEqual(at(3));
  expect(setReadAt(state, 'first-1', 'x', at(4))).toBeUndefined();
  expect(setReadAt(state, 'other-1', 'x', at(2))).toBeUndefined();
});

const FULLS = [0, 1, 2, 3].map((day) => `2026110${day + 1}-020000F`);
const sets = FULLS.flatMap((full, day) => [full, `${full}_2026110${day + 1}-030000I`]);
const info = {
  backup: sets.map((label, n) => ({ label, timestamp: { start: 0, stop: at(Math.floor(n / 2)).getTime() / 1000 } })),
} as unknown as Parameters<typeof setsToRead>[1];
const reading = (records: (readonly [number, ReadRecord])[], day: number) => ({
  ...{ kind: 'scheduled' as const, parts: 2, seconds: (28 * DAY) / 1000, now: at(day) },
  state: readState(marked(...records), 2),
});

test('single sets: the new full one, and chains by their last set, the longest unread first', () => {
  const first = setsToRead('first-1', info, reading([], 4), '2.59.1');
  const [a, b] = [1, 3].map((n) => sets[n] ?? '');
  expect(first).toEqual(expect.arrayContaining([sets[6], a, b]));
  const read = record({
    parts: 2,
    sets: { well: [sets[6], sets[7], a, b].map((set) => `first-1/${set}`), again: [`first-1/${b}`] },
  });
  expect(setsToRead('first-1', info, reading([[4, read]], 5), '2.59.1')).toEqual([b, sets[5], a]);
});

test('an older pgBackRest reads all, four times in a pass, and again where it found damage', () => {
  const all = (again: string[] = []) => record({ parts: 2, sets: { well: ['first-1/*'], again } });
  expect(setsToRead('first-1', info, reading([], 4), '2.45')).toBe('all');
  expect(setsToRead('first-1', info, reading([[4, all()]], 10), '2.45')).toEqual([]);
  expect(setsToRead('first-1', info, reading([[4, all()]], 12), '2.45')).toBe('all');
  for (const version of ['2.45', '2.59.1'])
    expect(setsToRead('first-1', info, reading([[4, all(['first-1/*'])]], 5), version)).toBe('all');
  const mended = reading(
    [
      [4, all(['first-1/*', 'first-1/x', 'other-1/y'])],
      [5, all()],
    ],
    6,
  );
  expect([...mended.state.again.sets]).toEqual(['other-1/y']);
});

const entry = (started: number, records: (readonly [number, ReadRecord])[]) =>
  ({
    trust: 'ok',
    point: {
      startedAt: at(started).toISOString(),
      captures: [
        { engine: 'pgbackrest', lineage: 'first-1', set: FULLS[0], capturedAt: at(started).toISOString() },
        { engine: 'restic', snapshot: 'a' },
      ],
    },
    marks: marked(...records)[0]?.marks ?? [],
  }) as unknown as CatalogEntry;

test('what was never read is unread since it was written; the longest unread counts', () => {
  const never = longestUnread([entry(0, [])], '4w');
  expect(never).toMatchObject({ since: at(0), what: expect.stringContaining(FULLS[0] ?? '?') });
  const sets = { well: ['first-1/*'], again: [] };
  const half = longestUnread([entry(0, [[5, record({ packs: { well: [1], again: [] }, sets })]])], '4w');
  expect(half).toEqual({ since: at(0), what: '21 of 22 parts of the files' });
  const whole = longestUnread([entry(0, [[5, record({ parts: 1, packs: { well: [1], again: [] }, sets })]])], '4w');
  expect(whole?.since).toEqual(at(5));
  if (half === undefined) throw new Error('unread');
  expect([28, 29].map((day) => isOverdue(half, '4w', at(day)))).toEqual([false, true]);
});

test('without trusted points there is nothing to read', () => {
  expect(longestUnread([], '4w')).toBeUndefined();
});
