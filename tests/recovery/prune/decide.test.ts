import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CatalogEntry } from '../../../recovery/points/catalog/catalog.ts';
import { isCompromised, isHeld, verifiedAt } from '../../../recovery/points/marks.ts';
import type { Capture, Mark } from '../../../recovery/points/point.ts';
import { decidePrune, fullOf } from '../../../recovery/prune/decide.ts';
import { type EntryFacts, entryAt } from '../points/entry-fixture.ts';
import { postgresCapture, resticCapture } from '../points/point-fixture.ts';

const DAY = 86_400;
const WORKLOADS = new Set(['postgres', 'uploads', 'redis']);
const NOW = new Date('2026-11-23T12:00:00Z');

function daysAgo(days: number): string {
  return new Date(NOW.getTime() - days * DAY * 1000).toISOString();
}

function label(time: string, full?: string): string {
  const stamp = `${time.slice(0, 10).replaceAll('-', '')}-${time.slice(11, 19).replaceAll(':', '')}`;
  return full === undefined ? `${stamp}F` : `${full}_${stamp}I`;
}

/** A full point with database and uploads, as `dr backup --kind full` makes it. */
function full(days: number, facts: EntryFacts = {}, lineage = 'main-1'): CatalogEntry {
  const at = daysAgo(days);
  return entryAt(at, [postgresCapture(at, { set: label(at), lineage }), resticCapture('uploads', at)], facts);
}

/** An incremental point built on the full of `on` days ago. */
function incremental(days: number, on: number, facts: EntryFacts = {}): CatalogEntry {
  const at = daysAgo(days);
  const set = label(at, label(daysAgo(on)));
  return entryAt(at, [postgresCapture(at, { set, setType: 'incr' })], { kind: 'incremental', ...facts });
}

function only(workload: string, days: number, facts: EntryFacts = {}): CatalogEntry {
  const at = daysAgo(days);
  return entryAt(at, [resticCapture(workload, at)], { kind: 'incremental', complete: false, ...facts });
}

function decide(entries: readonly CatalogEntry[], leased: readonly string[] = [], lineage?: string) {
  return decidePrune({
    entries,
    retentionSeconds: 30 * DAY,
    now: NOW,
    workloads: WORKLOADS,
    leased: new Set(leased),
    lineage,
  });
}

/** Ages in days of what stays, with the reasons. */
function kept(
  entries: readonly CatalogEntry[],
  leased: readonly string[] = [],
  lineage?: string,
): Record<string, string> {
  const rows = decide(entries, leased, lineage).filter(({ keep }) => keep.length > 0);
  const age = (ended: string) => String(Math.round((NOW.getTime() - Date.parse(ended)) / DAY / 1000));
  return Object.fromEntries(rows.map(({ endedAt, keep }) => [age(endedAt), [...keep].sort().join(' ')]));
}

describe('what stays', () => {
  test('the young, and what the first moments of the retention are restored from', () => {
    expect(kept([full(50), full(40), full(35), full(20), full(1)])).toEqual({
      35: 'base',
      20: 'young',
      1: 'newest young',
    });
  });

  test('the last verified one, however old, and only the last', () => {
    const entries = [full(90, { marks: ['verified'] }), full(80, { marks: ['verified'] }), full(35), full(1)];
    expect(kept(entries)).toEqual({ 80: 'verified', 35: 'base', 1: 'newest young' });
  });

  test('a compromised one stays while WAL of an older point leads into it', () => {
    const entries = [full(90), full(80, { marks: ['compromised'] }), full(40), full(1)];
    expect(kept(entries, [entries[0]?.point.id ?? ''])).toEqual({
      90: 'leased',
      80: 'warns',
      40: 'base',
      1: 'newest young',
    });
    expect(kept(entries)).toEqual({ 40: 'base', 1: 'newest young' });
  });

  test('a verified one that was found to be compromised since proves nothing', () => {
    const entries = [full(90, { marks: ['verified'] }), full(80, { marks: ['verified', 'compromised'] }), full(1)];
    expect(kept(entries)).toEqual({ 90: 'verified', 1: 'newest young' });
  });

  test('the newest complete one and the newest copies, even when everything is old', () => {
    expect(kept([full(90), full(80), full(70, { complete: false })])).toEqual({ 80: 'newest', 70: 'newest' });
    expect(kept([full(90), only('uploads', 80)])).toEqual({ 90: 'newest supplier', 80: 'newest' });
  });

  test('the newest complete one of the present lineage, not of one that is over', () => {
    const entries = [full(90, {}, 'main-2'), full(80, {}, 'main-1')];
    expect(kept(entries, [], 'main-2')).toEqual({ 90: 'newest', 80: 'newest' });
    expect(kept(entries)).toEqual({ 80: 'newest' });
  });

  test('held and leased ones', () => {
    const leased = full(85);
    const entries = [full(90, { marks: ['hold'] }), leased, full(80), full(35), full(1)];
    expect(kept(entries, [leased.point.id])).toEqual({ 90: 'held', 85: 'leased', 35: 'base', 1: 'newest young' });
  });

  test('the chain of an incremental set that stays', () => {
    const entries = [full(90), full(33), incremental(32, 33), incremental(31, 33), incremental(29, 33), full(1)];
    expect(kept(entries)).toEqual({
      33: 'base chain supplier',
      32: 'chain',
      31: 'base chain',
      29: 'young',
      1: 'newest young',
    });
  });

  test('a held incremental keeps its full and what lies between, not what came after it', () => {
    const entries = [
      full(99),
      incremental(98, 99),
      incremental(97, 99, { marks: ['hold'] }),
      incremental(96, 99),
      full(1),
    ];
    expect(kept(entries)).toEqual({ 99: 'chain supplier', 98: 'chain', 97: 'held', 1: 'newest young' });
  });

  test('what a kept point lacks stays with the point that has it', () => {
    const entries = [full(90), only('redis', 89), only('redis', 88, { marks: ['verified'] }), full(1)];
    expect(kept(entries)).toEqual({ 90: 'supplier', 88: 'newest verified', 1: 'newest young' });
  });

  test('a workload that was given up is not kept for ever', () => {
    expect(kept([only('legacy', 200), full(35), full(1)])).toEqual({ 35: 'base', 1: 'newest young' });
    expect(kept([only('legacy', 40), full(35), full(1)])).toEqual({
      40: 'base supplier',
      35: 'base',
      1: 'newest young',
    });
  });

  test('what can’t be believed, until somebody has looked at it', () => {
    const entries = [full(90, { trust: 'tampered' }), full(80, { trust: 'unknown-key' }), full(70), full(1)];
    expect(kept(entries)).toEqual({ 90: 'untrusted', 80: 'untrusted', 1: 'newest young' });
  });

  test('nothing of an empty catalog', () => {
    expect(decide([])).toEqual([]);
  });
});

describe('whatever the catalog holds', () => {
  const facts = fc.record({
    days: fc.integer({ min: 0, max: 120 }),
    kind: fc.constantFrom('full', 'incremental', 'redis'),
    marks: fc.uniqueArray(fc.constantFrom<Mark>('verified', 'compromised', 'clean', 'hold'), { maxLength: 2 }),
    complete: fc.boolean(),
    trust: fc.constantFrom('ok', 'ok', 'ok', 'tampered', 'unknown-key'),
    leased: fc.boolean(),
  });

  const catalogs = fc
    .uniqueArray(facts, { maxLength: 30, selector: ({ days }) => days })
    .map((all) => all.toSorted((a, b) => b.days - a.days))
    .map((all) => {
      let lastFull: number | undefined;
      const entries = all.map(({ days, kind, marks, complete, trust }) => {
        const rest = { marks, complete, trust } as EntryFacts;
        if (kind === 'redis') return only('redis', days, { ...rest, complete: false });
        if (kind === 'incremental' && lastFull !== undefined) return incremental(days, lastFull, rest);
        lastFull = days;
        return full(days, rest);
      });
      return { entries, leased: all.flatMap(({ leased }, n) => (leased ? [entries[n]?.point.id ?? ''] : [])) };
    });

  const setOf = ({ point }: CatalogEntry) =>
    point.captures.find((c): c is Extract<Capture, { engine: 'pgbackrest' }> => c.engine === 'pgbackrest')?.set;
  const sound = (entry: CatalogEntry) => entry.trust === 'ok' && !isCompromised(entry);

  function split(entries: readonly CatalogEntry[], leased: readonly string[]) {
    const ids = new Set(
      decide(entries, leased)
        .filter(({ keep }) => keep.length === 0)
        .map(({ id }) => id),
    );
    return {
      gone: entries.filter(({ point }) => ids.has(point.id)),
      left: entries.filter(({ point }) => !ids.has(point.id)),
    };
  }

  test('young, held, leased and doubtful points stay, and the last verified one', () => {
    fc.assert(
      fc.property(catalogs, ({ entries, leased }) => {
        const { gone } = split(entries, leased);
        const verified = entries.findLast((entry) => sound(entry) && verifiedAt(entry));
        for (const entry of gone) {
          expect(Date.parse(entry.point.endedAt)).toBeLessThanOrEqual(NOW.getTime() - 30 * DAY * 1000);
          expect(isHeld(entry)).toBe(false);
          expect(leased).not.toContain(entry.point.id);
          expect(entry.trust).toBe('ok');
          expect(entry).not.toBe(verified);
        }
      }),
    );
  });

  test('no set goes that one which stays is built on', () => {
    fc.assert(
      fc.property(catalogs, ({ entries, leased }) => {
        const { gone, left } = split(entries, leased);
        const lost = gone.flatMap((entry) => setOf(entry) ?? []);
        for (const set of left.flatMap((entry) => setOf(entry) ?? []))
          for (const other of lost) expect(fullOf(other) === fullOf(set) && other < set).toBe(false);
      }),
    );
  });

  test('every moment of the retention has the set that it had', () => {
    fc.assert(
      fc.property(catalogs, fc.integer({ min: 0, max: 30 }), ({ entries, leased }, days) => {
        const moment = NOW.getTime() - days * DAY * 1000;
        const newest = (all: readonly CatalogEntry[]) =>
          all.findLast((entry) => sound(entry) && setOf(entry) && Date.parse(entry.point.startedAt) <= moment);
        const before = newest(entries);
        // The copy of a workload that nobody made for two retentions is given up, the last complete point apart.
        fc.pre(before !== undefined && Date.parse(before.point.startedAt) >= moment - 30 * DAY * 1000);
        expect(newest(split(entries, leased).left)).toBe(before);
      }),
    );
  });

  test('what is left is not pruned further, and a sound complete point is never the price', () => {
    fc.assert(
      fc.property(catalogs, ({ entries, leased }) => {
        const { left } = split(entries, leased);
        expect(split(left, leased).gone).toEqual([]);
        const whole = (all: readonly CatalogEntry[]) => all.some((entry) => sound(entry) && entry.point.complete);
        expect(whole(left)).toBe(whole(entries));
      }),
    );
  });
});
