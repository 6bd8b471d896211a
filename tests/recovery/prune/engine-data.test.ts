import { describe, expect, test } from 'vitest';
import { type Named, setsToExpire, snapshotsToForget } from '../../../recovery/prune/engine-data.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const hoursAgo = (hours: number): Date => new Date(NOW.getTime() - hours * 3_600_000);

function naming(facts: { kept?: string[]; removed?: string[]; leftovers?: boolean }): Named {
  const { kept = [], removed = [], leftovers = true } = facts;
  return { kept: new Set(kept), removed: new Set(removed), leftovers, now: NOW };
}

describe('snapshots', () => {
  const snapshot = (id: string, hours: number, tags: string[] = ['workload=uploads', 'run=x']) => ({
    id,
    time: hoursAgo(hours).toISOString(),
    tags,
  });
  const all = [snapshot('kept', 99), snapshot('removed', 1), snapshot('dead', 25), snapshot('running', 23)];

  test('those of removed points, and what no point names once a backup can’t be running any more', () => {
    expect(snapshotsToForget(all, naming({ kept: ['kept'], removed: ['removed'] }))).toEqual(['removed', 'dead']);
  });

  test('never what a point that stays names too', () => {
    expect(snapshotsToForget(all, naming({ kept: ['kept', 'dead', 'removed'], removed: ['removed'] }))).toEqual([]);
  });

  test('while the catalog can’t be believed only what a removed point named', () => {
    const named = naming({ kept: ['kept'], removed: ['removed'], leftovers: false });
    expect(snapshotsToForget(all, named)).toEqual(['removed']);
  });

  test('nothing that dr did not make', () => {
    const own = { id: 'own', time: hoursAgo(999).toISOString(), tags: null };
    expect(snapshotsToForget([own, snapshot('other', 999, ['mine'])], naming({}))).toEqual([]);
  });
});

describe('sets', () => {
  const set = (label: string, hours: number, prior: string | null = null, reference: string[] = []) => ({
    label,
    prior,
    reference,
    type: prior === null ? ('full' as const) : ('incr' as const),
    timestamp: { start: 0, stop: hoursAgo(hours).getTime() / 1000 },
  });
  /** Three chains: F1 ← I1 ← I2, F2 ← I3, F3. */
  const ALL = [
    set('F1', 90),
    set('F1_I1', 80, 'F1', ['F1']),
    set('F1_I2', 70, 'F1_I1', ['F1']),
    set('F2', 60),
    set('F2_I3', 50, 'F2', ['F2']),
    set('F3', 1),
  ];
  const expire = (named: Named, window: string[] = ['F3']) => setsToExpire(ALL, named, new Set(window));

  test('a chain goes as a whole, by its root', () => {
    const named = naming({ kept: ['F2', 'F2_I3', 'F3'], removed: ['F1', 'F1_I1', 'F1_I2'] });
    expect(expire(named, ['F2', 'F2_I3', 'F3'])).toEqual({
      sets: ['F1', 'F1_I1', 'F1_I2'],
      roots: ['F1'],
      archiveFulls: 2,
    });
  });

  test('a set stays as long as one that stays is built on it', () => {
    const named = naming({ kept: ['F1_I2', 'F3'], removed: ['F1', 'F1_I1', 'F2', 'F2_I3'] });
    expect(expire(named)).toEqual({ sets: ['F2', 'F2_I3'], roots: ['F2'], archiveFulls: 1 });
  });

  test('incremental sets at the end of a chain go without it', () => {
    const named = naming({ kept: ['F1', 'F2', 'F2_I3', 'F3'], removed: ['F1_I1', 'F1_I2'] });
    expect(expire(named)).toMatchObject({ roots: ['F1_I1'] });
  });

  test('what no point names goes after a day; what is built on it by a running backup holds it', () => {
    expect(expire(naming({ kept: ['F3'] })).roots).toEqual(['F1', 'F2']);
    const running = [...ALL, set('F2_I4', 1, 'F2_I3', ['F2', 'F2_I3'])];
    expect(setsToExpire(running, naming({ kept: ['F3'] }), new Set(['F3'])).roots).toEqual(['F1']);
  });

  test('while the catalog can’t be believed nothing that no point names, nor what it is built on', () => {
    const named = naming({ kept: ['F3'], removed: ['F1', 'F2'], leftovers: false });
    expect(expire(named)).toMatchObject({ sets: [], roots: [] });
  });

  test('pgBackRest keeps the last full set whatever happens', () => {
    const named = naming({ removed: ['F1', 'F1_I1', 'F1_I2', 'F2', 'F2_I3', 'F3'] });
    expect(expire(named, [])).toEqual({
      sets: ['F1', 'F1_I1', 'F1_I2', 'F2', 'F2_I3'],
      roots: ['F1', 'F2'],
      archiveFulls: 1,
    });
  });

  test('WAL without a gap from the full set on that the window of recovery begins with', () => {
    const all = naming({ kept: ALL.map(({ label }) => label) });
    expect(expire(all, ['F2_I3', 'F3']).archiveFulls).toBe(2);
    expect(expire(all, ['F1_I2']).archiveFulls).toBe(3);
    // Nothing of this lineage is in the window: then from the oldest on.
    expect(expire(all, []).archiveFulls).toBe(3);
  });

  test('no set at all', () => {
    expect(setsToExpire([], naming({}), new Set())).toEqual({ sets: [], roots: [], archiveFulls: 0 });
  });
});
