import { expect, test } from 'vitest';
import { markdownOf } from '../../../../recovery/incident/post-mortem/document.ts';
import { quarterBlocks } from '../../../../recovery/readiness/quarter/document.ts';
import { parseQuarter } from '../../../../recovery/readiness/quarter/quarter.ts';
import { type QuarterFacts, quarterReport } from '../../../../recovery/readiness/quarter/report.ts';
import type { RunRecord } from '../../../../recovery/report/runs.ts';
import { DECLARED, incidentFrom } from '../../incident/incident-fixture.ts';
import { aDrill, aRecord, daysAgo, NOW, reachablePlan } from '../facts-fixture.ts';

const plan = reachablePlan();
const QUARTER = parseQuarter('2026-Q4', NOW);
const nothing: QuarterFacts = {
  ...{ plan, environment: 'production', site: 'main', repositories: ['local', 'primary'], now: NOW },
  ...{ measurements: [], runs: [], incidents: [] },
  records: { records: [], refused: [], unread: [] },
};
const reportOf = (facts: Partial<QuarterFacts>) => quarterReport(QUARTER, { ...nothing, ...facts });
const verified = (repository: string, days: number, ok = true, deep = true): RunRecord => ({
  ...{ at: daysAgo(days).toISOString(), what: 'verify', repository, ok, deep },
});

test('a quarter of which nothing is known is full of exceptions, and says what it rests on', () => {
  const report = reportOf({});
  expect(report.ended).toBe(false);
  expect(report.exceptions).toEqual(
    expect.arrayContaining([
      'nothing was restored in this quarter: no copy is proven by it',
      'local was never verified',
      'no point of primary was restored by a verification',
      ...plan.schedules.map(({ id }) => `the schedule ${id} never succeeded`),
    ]),
  );
  expect(report.exceptions.filter((each) => / was overdue for /.test(each))).toHaveLength(
    plan.tests.length + plan.maintenance.reviews.length,
  );
  const text = markdownOf(quarterBlocks(report));
  for (const exception of report.exceptions.slice(0, 3)) expect(text).toContain(exception.slice(0, 20));
  expect(text).toContain('The quarter is not over');
});

test('drills and restores stand against the objectives of their tiers', () => {
  const late = { ...aDrill('human-error', daysAgo(2))[0], rtoSeconds: 3 * 3600 };
  const { recoveries, exceptions } = reportOf({
    measurements: [...aDrill('complete-failure', daysAgo(3)), late as never, ...aDrill('human-error', daysAgo(100))],
  });
  expect(recoveries.map(({ what, met }) => [what, met])).toEqual([
    ['drill complete-failure', true],
    ['drill human-error', false],
  ]);
  expect(recoveries[0]?.tiers[0]).toMatchObject({ tier: 'P1', rtoSeconds: 60, rtoObjectiveSeconds: 7200 });
  expect(exceptions).toContainEqual(expect.stringMatching(/^drill human-error at 2026-11-28 .* missed an objective$/));
  // It recovered everything in time, and did not pass.
  expect(reportOf({ measurements: aDrill('human-error', daysAgo(1), false) }).recoveries[0]?.met).toBe(false);
});

test('verifications and backups are counted within the quarter, and a failed one is an exception', () => {
  const runs: RunRecord[] = [
    verified('local', 1),
    verified('local', 2, false),
    verified('primary', 3, true, false),
    verified('primary', 90),
    { at: daysAgo(1).toISOString(), what: 'backup', schedule: 'hourly', ok: false },
  ];
  const { verifications, backups, exceptions } = reportOf({ runs });
  expect(verifications).toEqual([
    { id: 'local', passed: 1, failed: 1, deep: 1 },
    { id: 'primary', passed: 1, failed: 0, deep: 0 },
  ]);
  expect(backups.find(({ id }) => id === 'hourly')).toEqual({ id: 'hourly', passed: 0, failed: 1 });
  expect(exceptions).toContain('1 verification of local failed');
  expect(exceptions).toContain('no point of primary was restored by a verification');
  expect(exceptions).toContain('1 run of the schedule hourly failed');
});

test('a test is overdue for as long as no run that passed was young enough, and no longer', () => {
  const ran = (...days: number[]) =>
    reportOf({
      records: {
        records: days.map((each) => aRecord({ about: 'test', id: 'team-response' }, daysAgo(each))),
        refused: [],
        unread: [],
      },
    }).duties.find(({ id }) => id === 'team-response');
  const day = 86_400;
  // Quarterly, with 93 days; the quarter began 60 days and a half ago.
  expect(ran(65)).toMatchObject({ overdueSeconds: 0, runs: [] });
  expect(ran(103)?.overdueSeconds).toBe(10 * day);
  expect(ran(103, 5)?.overdueSeconds).toBe(5 * day);
  expect(ran(5)?.overdueSeconds).toBe(55.5 * day);
  expect(ran(150)?.overdueSeconds).toBe(57 * day);
  // One that lies ahead is none.
  expect(ran(-5)).toMatchObject({ runs: [], overdueSeconds: 60.5 * day });
});

test('what could not be read and what is refused are named', () => {
  const report = reportOf({
    records: {
      records: [],
      refused: ['plan-records/3 is altered'],
      unread: [{ place: 'repository primary', fact: 'away', hint: '' }],
    },
  });
  expect(report.unread).toEqual(['repository primary: away']);
  expect(report.exceptions).toContain('a record counts for nothing: plan-records/3 is altered');
  expect(markdownOf(quarterBlocks(report))).toContain('Not read');
});

test('an incident without an end or a post-mortem is an exception, an exercise is not', () => {
  const open = incidentFrom([[0, DECLARED]]);
  expect(reportOf({ incidents: [open] }).exceptions).toContain(`the incident ${open.id} is not resolved`);
  const resolved = incidentFrom([
    [0, DECLARED],
    [60, { type: 'resolved', services: 'all', rootCause: 'a disk', resolution: 'replaced' }],
  ]);
  const late = reportOf({ incidents: [resolved] });
  expect(late.exceptions).toContain(`the incident ${resolved.id} has no post-mortem`);
  expect(late.incidents).toMatchObject([{ id: resolved.id, severity: 'P1' }]);
  const exercise = incidentFrom([[0, { ...DECLARED, exercise: true } as never]]);
  expect(reportOf({ incidents: [exercise] }).exceptions.filter((each) => each.includes(exercise.id))).toEqual([]);
});
