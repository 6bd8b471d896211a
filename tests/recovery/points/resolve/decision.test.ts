/**
 * The whole decision of a restore, against a model that knows the true order: target × points × marks × retention × leases × clocks ×
 * identity. Never newer than the target, never older than the newest good capture, never a compromised, suspect or foreign one unasked.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CatalogEntry } from '../../../../recovery/points/catalog/catalog.ts';
import { outlineOf } from '../../../../recovery/points/catalog/outline.ts';
import type { Capture, Mark, RecoveryPoint } from '../../../../recovery/points/point.ts';
import { resolveTarget } from '../../../../recovery/points/resolve/resolve.ts';
import type { Target } from '../../../../recovery/points/target.ts';
import { decidePrune } from '../../../../recovery/prune/decide.ts';
import { entryAt } from '../entry-fixture.ts';
import { postgresCapture, resticCapture } from '../point-fixture.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = new Date('2026-11-23T12:00:00Z');
const WORKLOADS = ['postgres', 'redis', 'uploads'] as const;
const RETENTION = 30;

/** One run of the history, in its true order. */
interface Run {
  /** Hours since the run before. */
  readonly gap: number;
  /** Hours that the host's clock was ahead. */
  readonly shift: number;
  readonly workloads: readonly string[];
  readonly suspect: boolean;
  readonly stranger: boolean;
  readonly marks: readonly Mark[];
  readonly tampered: boolean;
  readonly leased: boolean;
}

const runs = fc.array(
  fc.record<Run>({
    gap: fc.integer({ min: 2, max: 400 }),
    shift: fc.constantFrom(0, 0, 0, 0, -1, 1, 400 * 24, -400 * 24),
    workloads: fc.subarray([...WORKLOADS], { minLength: 1 }),
    suspect: fc.constantFrom(false, false, false, true),
    stranger: fc.constantFrom(false, false, false, true),
    marks: fc.constantFrom<Mark[]>([], [], [], ['compromised'], ['clean'], ['hold'], ['compromised', 'clean']),
    tampered: fc.constantFrom(false, false, false, false, true),
    leased: fc.constantFrom(false, false, false, true),
  }),
  { minLength: 1, maxLength: 14 },
);

interface Made {
  readonly run: Run;
  readonly entry: CatalogEntry;
  /** By the host's clock. */
  readonly dated: number;
}

/** The site's first two points say whose it is. */
const BEGUN: readonly Run[] = Array.from({ length: 2 }, () => ({
  gap: 1,
  shift: 0,
  workloads: ['configuration'],
  suspect: false,
  stranger: false,
  marks: [],
  tampered: false,
  leased: false,
}));

function history(later: readonly Run[]): Made[] {
  const all = [...BEGUN, ...later];
  const span = all.reduce((sum, { gap }) => sum + gap, 0);
  let at = NOW.getTime() - span * HOUR - HOUR;
  return all.map((run, n) => {
    at += run.gap * HOUR;
    const dated = at + run.shift * HOUR;
    const time = new Date(dated).toISOString();
    const captures = run.workloads.map((workload): Capture => {
      const made = workload === 'postgres' ? postgresCapture(time) : resticCapture(workload, time);
      return run.suspect ? { ...made, suspect: '0 keys instead of 9' } : made;
    });
    const end = n.toString(16).padStart(4, '0');
    const base = entryAt(time, captures, {
      end,
      trust: run.tampered ? 'tampered' : 'ok',
      marks: run.marks,
      kind: 'full',
    });
    const point: RecoveryPoint = {
      ...base.point,
      sequence: n + 1,
      after: n,
      skewSeconds: run.shift * 3600,
      origin: { id: run.stranger ? `stranger-${n}` : 'owner', adopts: [], machine: '', host: 'h' },
    };
    return { run, dated, entry: { ...base, point, outline: outlineOf(point) } };
  });
}

const verdictOf = ({ run }: Made) => run.marks.filter((mark) => mark === 'compromised' || mark === 'clean').at(-1);

/** What a careful person would take unasked, by the true facts of the run. */
function isGood(made: Made): boolean {
  const { run } = made;
  if (run.tampered || verdictOf(made) === 'compromised') return false;
  if (verdictOf(made) === 'clean') return true;
  return Math.abs(run.shift) <= 2 && !run.suspect && !run.stranger;
}

/** Good ones of a workload in their true order. */
function goodOf(all: readonly Made[], workload: string): Made[] {
  return all.filter((made) => made.run.workloads.includes(workload) && isGood(made));
}

const chosen = (entries: readonly CatalogEntry[], target: Target, workloads: readonly string[] = WORKLOADS) =>
  new Map(
    resolveTarget({ repository: 'x', entries, target, workloads, now: NOW }).items.map((item) => [item.workload, item]),
  );

const LATEST: Target = { kind: 'latest' };

test('property: latest is the newest good capture of each workload in the true order, whatever the clocks said', () => {
  fc.assert(
    fc.property(runs, (all) => {
      const made = history(all);
      const entries = made.map(({ entry }) => entry);
      const wanted = WORKLOADS.flatMap((workload) => {
        const newest = goodOf(made, workload).at(-1);
        return newest === undefined ? [] : [[workload, newest.entry.point.id] as const];
      });
      if (wanted.length === 0) {
        expect(() => chosen(entries, LATEST)).toThrow(expect.objectContaining({ code: 'TARGET-UNREACHABLE' }));
        return;
      }
      const found = chosen(entries, LATEST);
      expect([...found].map(([workload, { point }]) => [workload, point])).toEqual(wanted);
      const set = found.get('postgres');
      if (set !== undefined && set.mode === 'end-of-wal') {
        const after = made.slice(made.findIndex(({ entry }) => entry.point.id === set.point) + 1);
        expect(after.some((one) => !one.run.tampered && verdictOf(one) === 'compromised')).toBe(false);
      }
    }),
    { numRuns: 400 },
  );
});

test('property: a moment gives nothing newer, and the newest good capture that is not', () => {
  fc.assert(
    fc.property(runs, fc.integer({ min: 0, max: 4000 }), (all, back) => {
      const made = history(all);
      const limit = NOW.getTime() - back * HOUR;
      for (const workload of ['redis', 'uploads']) {
        const good = goodOf(made, workload);
        const beyond = good.findIndex(({ dated }) => dated > limit);
        const best = good.slice(0, beyond === -1 ? undefined : beyond).at(-1);
        const resolve = () =>
          chosen(
            made.map(({ entry }) => entry),
            { kind: 'time', time: new Date(limit) },
            [workload],
          );
        if (best === undefined) {
          expect(resolve).toThrow(expect.objectContaining({ code: 'TARGET-UNREACHABLE' }));
          continue;
        }
        const item = resolve().get(workload);
        expect(item?.point).toBe(best.entry.point.id);
        expect(Date.parse(item?.capture.capturedAt ?? '')).toBeLessThanOrEqual(limit);
      }
    }),
    { numRuns: 400 },
  );
});

/** A replay from the set of `from` to `limit` leads through the run that somebody marked, by its date or by that of a good run after it. */
function leadsThrough(made: readonly Made[], from: Made, limit: number): boolean {
  const after = made.slice(made.indexOf(from) + 1);
  return after.some(
    (one, n) =>
      verdictOf(one) === 'compromised' &&
      [one, ...after.slice(n + 1).filter(isGood)].some(({ dated }) => dated <= limit),
  );
}

test('property: no moment is reached by a replay through what was marked compromised, be that point altered or gone', () => {
  fc.assert(
    fc.property(runs, fc.integer({ min: 0, max: 4000 }), fc.nat(), (all, back, pick) => {
      // By the marks alone: a clock that is wrong is in other properties.
      const made = history(all.map((run) => ({ ...run, shift: 0, stranger: false })));
      const limit = NOW.getTime() - back * HOUR;
      const gone = made.filter((one, n) => verdictOf(one) === 'compromised' && n % 3 === pick % 3);
      const left = made.filter((one) => !gone.includes(one));
      const good = goodOf(left, 'postgres').filter(({ dated }) => dated <= limit);
      const best = good.at(-1);
      const resolve = (allowCompromised: boolean) =>
        resolveTarget({
          repository: 'x',
          entries: left.map(({ entry }) => entry),
          compromisedGone: gone.map(({ entry }) => entry.point.id),
          target: { kind: 'time', time: new Date(limit) },
          workloads: ['postgres'],
          now: NOW,
          allowCompromised,
        });
      if (best === undefined) return;
      if (leadsThrough(made, best, limit)) {
        const refused = expect.objectContaining({ code: 'TARGET-COMPROMISED', hint: expect.stringContaining('--to') });
        expect(() => resolve(false)).toThrow(refused);
        expect(resolve(true).items).toHaveLength(1);
      } else expect(resolve(false).items[0]?.point).toBe(best.entry.point.id);
    }),
    { numRuns: 400 },
  );
});

test('a moment after newer copies that are marked compromised says that they were skipped', () => {
  const made = history([
    { ...(BEGUN[0] as Run), gap: 5, workloads: ['redis'] },
    { ...(BEGUN[0] as Run), gap: 5, workloads: ['redis'], marks: ['compromised'] },
  ]);
  const { items, warnings } = resolveTarget({
    repository: 'x',
    entries: made.map(({ entry }) => entry),
    target: { kind: 'time', time: new Date(NOW.getTime() - HOUR / 2) },
    workloads: ['redis'],
    now: NOW,
  });
  expect(items[0]?.point).toBe(made[2]?.entry.point.id);
  expect(warnings).toEqual([`skipped, because marked compromised: ${made[3]?.entry.point.id}`]);
});

test('property: what is asked for by its id is taken, whatever is in doubt about it; what was altered is not', () => {
  fc.assert(
    fc.property(runs, fc.nat(), (all, pick) => {
      const made = history(all);
      const one = made[pick % made.length];
      if (one === undefined) return;
      const { id } = one.entry.point;
      const resolve = () =>
        resolveTarget({
          repository: 'x',
          entries: made.map(({ entry }) => entry),
          target: { kind: 'point', id },
          workloads: one.run.workloads,
          now: NOW,
        });
      if (one.run.tampered) {
        expect(resolve).toThrow(expect.objectContaining({ code: 'POINT-TAMPERED' }));
        return;
      }
      const { items, warnings } = resolve();
      expect(items.every(({ point }) => point === id)).toBe(true);
      const doubtful = one.run.suspect || one.run.stranger || Math.abs(one.run.shift) > 2;
      if (doubtful && verdictOf(one) === undefined) expect(warnings.join()).toContain(id);
    }),
    { numRuns: 200 },
  );
});

test('property: a prune changes neither latest nor what a leased point gives', () => {
  fc.assert(
    fc.property(runs, (all) => {
      // A prune refuses where a clock is in doubt.
      const made = history(all.map((run) => ({ ...run, shift: 0, stranger: false })));
      const entries = made.map(({ entry }) => entry);
      const leased = new Set(made.filter(({ run }) => run.leased).map(({ entry }) => entry.point.id));
      const decisions = decidePrune({
        entries,
        retentionSeconds: (RETENTION * DAY) / 1000,
        now: NOW,
        workloads: new Set(WORKLOADS),
        leased,
      });
      const gone = new Set(decisions.filter(({ keep }) => keep.length === 0).map(({ id }) => id));
      const left = entries.filter(({ point }) => !gone.has(point.id));
      for (const id of leased) expect(gone.has(id)).toBe(false);
      const pointsOf = (from: readonly CatalogEntry[], workload: string) => {
        try {
          return chosen(from, LATEST, [workload]).get(workload)?.point;
        } catch (error) {
          expect(error).toMatchObject({ code: 'TARGET-UNREACHABLE' });
          return undefined;
        }
      };
      for (const workload of WORKLOADS) expect(pointsOf(left, workload)).toBe(pointsOf(entries, workload));
    }),
    { numRuns: 400 },
  );
});
