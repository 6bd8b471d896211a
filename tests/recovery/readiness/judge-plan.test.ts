import { expect, test } from 'vitest';
import type { Plan } from '../../../plan/types.ts';
import { aDrill, aRecord, aSite, daysAgo, openChecks, reachablePlan } from './facts-fixture.ts';

/** Each line of the plan's human half, changed: what acts on it notices. */
test.each<[string, string, (plan: Plan) => void]>([
  [
    'a placeholder contact',
    'at risk team',
    (plan) => Object.assign(plan.team[0] ?? {}, { contact: '+1-xxx-xxx-xxxx' }),
  ],
  ['one person twice', 'at risk team', (plan) => Object.assign(plan.team[0] ?? {}, { secondary: 'CTO' })],
  ['a new person', 'at risk team/confirmed', (plan) => Object.assign(plan.team[0] ?? {}, { primary: 'CIO' })],
  ['no team', 'not ready team', (plan) => Object.assign(plan, { team: [] })],
  ['no channel', 'not ready channels', (plan) => Object.assign(plan, { channels: { internal: [], external: [] } })],
  ['no template', 'at risk people/texts', (plan) => Object.assign(plan, { templates: [] })],
  ['no actions', 'at risk people/texts', (plan) => Object.assign(plan, { postRecovery: [] })],
  ['no review', 'at risk review/date', (plan) => Object.assign(plan.maintenance, { reviews: [] })],
  [
    'a review date that is past',
    'at risk review/date',
    (plan) => Object.assign(plan.maintenance, { nextReview: '2026-11-01' }),
  ],
  ['a shorter RTO', 'not ready rto/P2', (plan) => Object.assign(plan.tiers[1] ?? {}, { rto: '30s' })],
  [
    'no test of a scenario',
    'at risk scenario/human-error',
    (plan) => {
      plan.tests = plan.tests.filter(({ run }) => !run?.endsWith(' all'));
    },
  ],
  ['no test at all', 'not ready tests', (plan) => Object.assign(plan, { tests: [] })],
])('plan: %s', (_, wanted, change) => {
  const plan = reachablePlan(change);
  expect(openChecks(aSite({ plan }))).toContain(wanted);
});

test('plan: the calendar decides what is overdue', () => {
  const drilled = (days: number) =>
    aSite({ observation: { measurements: aSite().plan.scenarios.flatMap(({ id }) => aDrill(id, daysAgo(days))) } });
  expect(openChecks(drilled(31))).toEqual([]);
  expect(openChecks(drilled(40))).toEqual(['at risk test/database-restore', 'at risk test/configuration-restore']);
  const plan = reachablePlan((each) => {
    for (const own of each.tests) if (own.cadence === 'monthly') own.cadence = 'quarterly';
  });
  expect(openChecks({ ...drilled(40), plan })).toEqual([]);
});

test('plan: an exercise each month is overdue sooner than one each quarter', () => {
  const old = (plan: Plan) =>
    aSite({
      plan,
      records: (all) => [
        ...all.filter(({ id }) => id !== 'team-response'),
        aRecord({ about: 'test', id: 'team-response' }, daysAgo(50)),
      ],
    });
  expect(openChecks(old(reachablePlan()))).toEqual([]);
  const monthly = reachablePlan((plan) => {
    for (const each of plan.tests) if (each.id === 'team-response') each.cadence = 'monthly';
  });
  expect(openChecks(old(monthly))).toEqual(['at risk test/team-response']);
});
