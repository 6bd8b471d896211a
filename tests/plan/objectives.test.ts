import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Duration } from '../../plan/duration.ts';
import { exposures, type WorstCaseRpo, worstCaseRpo } from '../../plan/objectives.ts';
import { timetable } from '../../plan/timetable.ts';
import type { Plan, Schedule } from '../../plan/types.ts';
import { byId, planWith } from './plan-fixture.ts';

function rowOf(plan: Plan, workload: string): WorstCaseRpo {
  return byId(
    worstCaseRpo(plan).map((row) => ({ ...row, id: row.workload })),
    workload,
  );
}

interface Given extends Partial<Schedule> {
  readonly cron: string;
}

/** Uploads, in one repository, by these schedules only. */
function uploadsBy(given: readonly Given[], copyDelay: Duration = '0s'): Plan {
  return planWith((plan) => {
    plan.schedules = given.map((schedule, n) => ({
      ...{
        id: `s${n}`,
        title: 'x',
        kind: 'incremental',
        workloads: ['uploads'],
        longestRun: '5m',
        lock: `l${n}`,
        source: 'plan',
      },
      ...schedule,
    }));
    byId(plan.workloads, 'uploads').repositories = ['local'];
    byId(plan.repositories, 'local').written = { by: 'engines', copyDelay };
  });
}

const uploads = (given: readonly Given[], copyDelay?: Duration) => rowOf(uploadsBy(given, copyDelay), 'uploads');

test('the shipped plan: the arithmetic of each kind of workload', () => {
  const plan = planWith(() => {});
  expect(rowOf(plan, 'postgres').arithmetic).toBe('1 min archive_timeout + 5 min push delay = 6 min ≤ 1 h');
  expect(rowOf(plan, 'redis').arithmetic).toBe('15 min interval + 5 min longest run + 10 min copy = 30 min ≤ 1 h');
  expect(rowOf(plan, 'redis').repositories[0]?.arithmetic).toBe(
    '15 min interval + 5 min longest run + 0 s copy = 20 min',
  );
  expect(rowOf(plan, 'event-store').arithmetic).toBe(
    '1 h interval + 1 h 30 min longest run + 10 min copy = 2 h 40 min ≤ 4 h',
  );
  expect(rowOf(plan, 'manifests').objectiveSeconds).toBe(24 * 3600);
  expect(worstCaseRpo(plan).every(({ met }) => met)).toBe(true);
});

test('an export is as old as its interval, its run and its source; it does not count against the objective', () => {
  const row = rowOf(
    planWith(() => {}),
    'redis',
  );
  const offsite = row.repositories.find(({ repository }) => repository === 'offsite');
  expect(offsite?.arithmetic).toBe(
    '7 d interval + 12 h longest run + 30 min worst case of secondary = 7 d 12 h 30 min',
  );
  expect(row.repository).toBe('secondary');
});

test('another form of the same data has no objective of its own', () => {
  const plan = planWith(() => {});
  expect(worstCaseRpo(plan).map(({ workload }) => workload)).not.toContain('postgres-dump');
  const dump = exposures(plan).find(({ workload }) => workload.id === 'postgres-dump');
  expect(dump?.worst.arithmetic).toBe('24 h interval + 1 h 30 min longest run + 10 min copy = 25 h 40 min');
});

test.each<[string, Given[], string]>([
  [
    'the longest of uneven gaps',
    [{ cron: '0 0,1,5 * * *' }],
    '19 h interval + 5 min longest run + 0 s copy = 19 h 5 min > 4 h',
  ],
  [
    'a gap over the week-end',
    [{ cron: '0 * * * 1-5' }],
    '2 d 1 h interval + 5 min longest run + 0 s copy = 2 d 1 h 5 min > 4 h',
  ],
  [
    'two schedules that fill each other',
    [{ cron: '0 * * * *' }, { cron: '30 * * * *' }],
    '30 min interval + 5 min longest run + 0 s copy = 35 min ≤ 4 h',
  ],
  ['a gap of months', [{ cron: '0 0 1 */6 *' }], '184 d interval + 5 min longest run + 0 s copy = 184 d 5 min > 4 h'],
  ['one run in four years', [{ cron: '0 0 29 2 *' }], 'uploads is captured only once in two years; wanted ≤ 4 h'],
  ['no schedule', [{ cron: '0 * * * *', workloads: ['redis'] }], 'no schedule covers uploads; wanted ≤ 4 h'],
  [
    'a run behind another with its lock',
    [
      { cron: '0 0 * * *', kind: 'full', workloads: ['redis'], longestRun: '90m', lock: 'one' },
      { cron: '0 * * * *', lock: 'one' },
    ],
    '1 h interval + 1 h 30 min wait + 5 min longest run + 0 s copy = 2 h 35 min ≤ 4 h',
  ],
  [
    'the same with locks of their own',
    [{ cron: '0 0 * * *', kind: 'full', workloads: ['redis'], longestRun: '90m' }, { cron: '0 * * * *' }],
    '1 h interval + 5 min longest run + 0 s copy = 1 h 5 min ≤ 4 h',
  ],
  [
    'runs that last longer than their interval',
    [{ cron: '0 * * * *', longestRun: '90m', lock: 'one' }],
    '2 h interval + 30 min wait + 1 h 30 min longest run + 0 s copy = 4 h ≤ 4 h',
  ],
])('%s', (_, given, arithmetic) => {
  expect(uploads(given).arithmetic).toBe(arithmetic);
});

test('a run that waited is skipped when all of it was captured since it was due', () => {
  const plan = planWith(() => {});
  const due = (id: string, hour: number) =>
    timetable(plan).filter(({ schedule, asOf }) => schedule === id && asOf % 86_400 === hour * 3600);
  expect(due('daily', 2)).toHaveLength(15);
  expect(due('hourly', 2)).toHaveLength(0);
  expect(due('hourly', 3).map(({ wait }) => wait)).toEqual(Array(15).fill(1800));
  expect(due('weekly-config', 3)).toHaveLength(0);
});

test('Redis behind the full backup would miss its hour', () => {
  const plan = planWith((p) => {
    byId(p.schedules, 'redis').lock = 'backup';
  });
  expect(rowOf(plan, 'redis')).toMatchObject({ met: false, seconds: (15 + 90 + 10) * 60 });
});

const divisors = fc.constantFrom(1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30);

test('one even schedule: interval + run + copy, to the second', () => {
  fc.assert(
    fc.property(divisors, fc.integer({ min: 1, max: 59 }), fc.nat(900), (every, run, copy) => {
      const row = uploads([{ cron: `*/${every} * * * *`, longestRun: `${run}s` }], `${copy}s`);
      expect(row.seconds).toBe(every * 60 + run + copy);
      expect(row.met).toBe(row.seconds <= 4 * 3600);
    }),
    { numRuns: 40 },
  );
});

test('another schedule never makes it worse, a longer run never better', () => {
  const cron = fc
    .tuple(fc.nat(59), fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 4 }))
    .map(([m, h]) => `${m} ${h.join(',')} * * *`);
  fc.assert(
    fc.property(cron, cron, fc.integer({ min: 1, max: 120 }), (one, two, run) => {
      const alone = uploads([{ cron: one, longestRun: `${run}m` }]).seconds;
      expect(uploads([{ cron: one, longestRun: `${run}m` }, { cron: two }]).seconds).toBeLessThanOrEqual(alone);
      expect(uploads([{ cron: one, longestRun: `${run + 1}m` }]).seconds).toBeGreaterThanOrEqual(alone);
    }),
    { numRuns: 40 },
  );
});
