import { expect, test } from 'vitest';
import { type CalendarFacts, reviewCalendar, testCalendar } from '../../../recovery/readiness/calendar.ts';
import { aDrill, aRecord, aSite, daysAgo, NOW } from './facts-fixture.ts';

const nothing: CalendarFacts = { plan: aSite().plan, now: NOW, measurements: [], runs: [], records: [] };
const rowOf = (facts: Partial<CalendarFacts>, id: string) =>
  [...testCalendar({ ...nothing, ...facts }), ...reviewCalendar({ ...nothing, ...facts })].find((row) => row.id === id);

test('each test and each review of the plan has a row, and never ran at first', () => {
  const rows = [...testCalendar(nothing), ...reviewCalendar(nothing)];
  expect(rows.map(({ id }) => id)).toEqual([
    ...nothing.plan.tests.map(({ id }) => id),
    ...nothing.plan.maintenance.reviews.map(({ cadence }) => cadence),
  ]);
  expect(rows.every(({ state }) => state === 'never')).toBe(true);
  expect(rowOf({}, 'third-party')?.command).toBe('dr plan record third-party --by NAME --result passed');
  expect(rowOf({}, 'database-restore')?.command).toBe('dr drill --scenario database-corruption');
});

test('a drill counts for the tests that run it, by whom and with its result', () => {
  const measurements = [...aDrill('complete-failure', daysAgo(10)), ...aDrill('complete-failure', daysAgo(2), false)];
  expect(rowOf({ measurements }, 'full-simulation')).toMatchObject({
    state: 'failed',
    last: { by: 'ada@host', result: 'failed', at: daysAgo(2).toISOString() },
    // It is due by the last that passed: 93 days after.
    dueAt: new Date(daysAgo(10).getTime() + 93 * 86_400_000).toISOString(),
  });
  expect(rowOf({ measurements }, 'database-restore')?.state).toBe('never');
});

test('a run of all scenarios is as old as the oldest of them', () => {
  const ids = nothing.plan.scenarios.map(({ id }) => id);
  const some = ids.slice(1).flatMap((id) => aDrill(id, daysAgo(3)));
  expect(rowOf({ measurements: some }, 'business-continuity')?.state).toBe('never');
  const all = [...some, ...aDrill(ids[0] ?? '', daysAgo(30))];
  expect(rowOf({ measurements: all }, 'business-continuity')).toMatchObject({
    state: 'done',
    last: { at: daysAgo(30).toISOString() },
  });
});

test('a comprehensive health check is a test of the plan', () => {
  const ran = (ok: boolean) => [{ at: daysAgo(5).toISOString(), what: 'health' as const, ok, by: 'ada@host' }];
  expect(rowOf({ runs: ran(true) }, 'service-startup')).toMatchObject({ state: 'done', last: { by: 'ada@host' } });
  expect(rowOf({ runs: ran(false) }, 'service-startup')?.state).toBe('failed');
});

test('what people did is a record; one that is dated ahead does not count', () => {
  const of = (at: Date) => [aRecord({ about: 'test', id: 'team-response', note: 'all five came' }, at)];
  expect(rowOf({ records: of(daysAgo(92)) }, 'team-response')).toMatchObject({
    state: 'done',
    last: { how: 'all five came' },
  });
  expect(rowOf({ records: of(daysAgo(94)) }, 'team-response')?.state).toBe('overdue');
  expect(rowOf({ records: of(daysAgo(-30)) }, 'team-response')?.state).toBe('never');
});

test('the annual review reads the whole plan, so it counts for the shorter ones too', () => {
  const records = [aRecord({ about: 'review', id: 'annual' }, daysAgo(10))];
  expect(rowOf({ records }, 'monthly')?.state).toBe('done');
  expect(rowOf({ records: [aRecord({ about: 'review', id: 'monthly' }, daysAgo(10))] }, 'quarterly')?.state).toBe(
    'never',
  );
});
