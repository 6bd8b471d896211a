/** Which workloads a weekly trial restores: each has its turn in time, and what failed or was never restored comes first. */
import { expect, test } from 'vitest';
import { CADENCE } from '../../../plan/limits.ts';
import { dueTrials, parseTrialNote, type TriedEntry, trialNote, trialState } from '../../../recovery/points/trials.ts';

const DAY = 86_400_000;
const BEGIN = Date.parse('2026-11-07T06:30:00Z');
const day = (n: number): Date => new Date(BEGIN + n * DAY);

const entry = (workloads: readonly string[], marks: TriedEntry['marks'] = []): TriedEntry => ({
  outline: { captures: workloads.map((workload) => ({ workload })) },
  marks,
});
const tried = (n: number, well: readonly string[], failed: readonly string[] = []): TriedEntry['marks'][number] => ({
  mark: 'read',
  at: day(n).toISOString(),
  note: trialNote({ well, failed, bytes: 12 }),
});

test.each([
  { well: ['postgres', 'redis'], failed: ['uploads'], bytes: 123 },
  { well: [], failed: ['uploads'], bytes: 0 },
  { well: ['postgres'], failed: [], bytes: 9 },
])('a record survives its note: %j', (record) => {
  expect(parseTrialNote(trialNote(record))).toEqual(record);
});

test.each([undefined, '', 'looked good', '22 parts of packs: well 5; sets: well first-1/20261123-020000F; 123 bytes'])(
  'a note of another form says nothing: %s',
  (note) => {
    expect(parseTrialNote(note)).toBeUndefined();
  },
);

test('a verified point proves what a restore of it brings back, and no workload that came later', () => {
  const verified = { mark: 'verified', at: day(3).toISOString() };
  const { well, failed } = trialState([
    entry(['uploads'], [tried(1, [], ['uploads'])]),
    entry(['redis'], [verified]),
    entry(['event-store']),
  ]);
  expect(Object.fromEntries(well)).toEqual({ uploads: day(3), redis: day(3) });
  expect([...failed]).toEqual([]);
});

test('damage that was found later than it was well is damage', () => {
  const { well, failed } = trialState([entry(['redis'], [tried(1, ['redis']), tried(8, [], ['redis'])])]);
  expect(well.get('redis')).toEqual(day(1));
  expect([...failed]).toEqual(['redis']);
});

const TEN = Array.from({ length: 10 }, (_, n) => `w${n}`);

test.each([
  [CADENCE.monthly, 4],
  [CADENCE.quarterly, 1],
])('a year of weeks: each of ten workloads within %d s, and at most %d a week after the first', (within, most) => {
  const marks: TriedEntry['marks'][number][] = [];
  const last = new Map<string, number>();
  for (let week = 0; week < 52; week += 1) {
    const now = day(week * 7);
    const due = dueTrials(trialState([entry(TEN, marks)]), TEN, { within, now });
    expect(due.length).toBeLessThanOrEqual(week === 0 ? 10 : most);
    for (const id of TEN) expect(now.getTime() - (last.get(id) ?? now.getTime())).toBeLessThanOrEqual(within * 1000);
    for (const id of due) last.set(id, now.getTime());
    marks.push(tried(week * 7, due));
  }
});

test('weeks without a trial are made up for, and what failed is tried each week', () => {
  const within = CADENCE.monthly;
  const marks = [tried(0, ['w0', 'w1', 'w2', 'w3']), tried(7, ['w4', 'w5']), tried(14, ['w6', 'w7', 'w8', 'w9'])];
  const due = (n: number, more: TriedEntry['marks'] = []) =>
    dueTrials(trialState([entry(TEN, [...marks, ...more])]), TEN, { within, now: day(n) });
  expect(due(21)).toEqual(['w0', 'w1', 'w2', 'w3']);
  expect(due(35)).toEqual(['w0', 'w1', 'w2', 'w3', 'w4', 'w5']);
  expect(due(21, [tried(20, [], ['w9'])])).toContain('w9');
});
