import { expect, test } from 'vitest';
import { choosePoint } from '../../../recovery/offsite/choose.ts';
import type { CatalogEntry } from '../../../recovery/points/catalog/catalog.ts';
import { type EntryFacts, entryAt } from '../points/entry-fixture.ts';
import { postgresCapture, resticCapture } from '../points/point-fixture.ts';

const WEEK_MS = 7 * 24 * 3_600_000;
const CONFIGURED = ['postgres', 'uploads'];

function whole(time: string, facts: EntryFacts = {}): CatalogEntry {
  return entryAt(time, [postgresCapture(time), resticCapture('uploads', time)], facts);
}

const held = (repository: string, ...entries: CatalogEntry[]) => ({ repository, entries });
const chosen = (all: Parameters<typeof choosePoint>[0]) => {
  const found = choosePoint(all, CONFIGURED, WEEK_MS);
  return found && [found.entry.point.id, found.repository];
};

test('the newest, from the first repository that has it', () => {
  const [old, recent] = [whole('2026-11-22T02:00:00Z'), whole('2026-11-23T02:00:00Z')];
  expect(chosen([held('local', old), held('primary', old, recent), held('secondary', old, recent)])).toEqual([
    recent.point.id,
    'primary',
  ]);
});

test.each([
  ['2026-11-17T02:00:00Z', 'verified within a week of the newest', true],
  ['2026-11-15T02:00:00Z', 'verified longer ago', false],
])('a verified point of %s (%s): %s', (time, _, wins) => {
  const verified = whole(time, { marks: ['verified'] });
  const newest = whole('2026-11-23T02:00:00Z');
  const wanted = wins ? verified : newest;
  expect(chosen([held('local', whole(time), newest), held('primary', verified)])?.[0]).toBe(wanted.point.id);
});

test('an hourly point counts only when it holds every workload; a full one always', () => {
  const full = whole('2026-11-22T02:00:00Z');
  const time = '2026-11-23T03:00:00Z';
  const hourly = entryAt(time, [postgresCapture(time)], { kind: 'incremental' });
  const all = whole('2026-11-23T04:00:00Z', { kind: 'incremental' });
  expect(chosen([held('local', full, hourly)])?.[0]).toBe(full.point.id);
  expect(chosen([held('local', full, hourly, all)])?.[0]).toBe(all.point.id);
});

test.each<[string, EntryFacts]>([
  ['made with --only', { complete: false }],
  ['compromised', { marks: ['compromised'] }],
  ['tampered with', { trust: 'tampered' }],
  ['signed with a key that is not here', { trust: 'unknown-key' }],
])('never one that is %s', (_, facts) => {
  expect(chosen([held('local', whole('2026-11-23T02:00:00Z', facts))])).toBeUndefined();
});

test('a point that one repository marks compromised is left in the others too', () => {
  const [time, before] = ['2026-11-23T02:00:00Z', whole('2026-11-22T02:00:00Z')];
  const marked = whole(time, { marks: ['compromised'] });
  expect(chosen([held('local', before, whole(time)), held('primary', marked)])?.[0]).toBe(before.point.id);
});

test('a run that lacks a workload only when the whole ones are older than the interval of the exports', () => {
  const lacking = (time: string): CatalogEntry => {
    const entry = entryAt(time, [postgresCapture(time)], { complete: false });
    const failed = [{ workload: 'uploads', code: 'FOLDER-MISSING', fact: 'x' }];
    return { ...entry, point: { ...entry.point, failed } };
  };
  const before = whole('2026-11-16T02:00:00Z');
  const [soon, late] = [lacking('2026-11-22T02:00:00Z'), lacking('2026-11-24T02:00:00Z')];
  expect(chosen([held('local', before, soon)])?.[0]).toBe(before.point.id);
  expect(chosen([held('local', before, soon, late)])?.[0]).toBe(late.point.id);
  expect(chosen([held('local', soon)])?.[0]).toBe(soon.point.id);
  expect(chosen([held('local', late, whole('2026-11-25T02:00:00Z'))])?.[0]).toContain('20261125');
});
