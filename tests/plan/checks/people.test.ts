import { expect, test } from 'vitest';
import { checkPlan } from '../../../plan/checks/validate.ts';
import type { Plan } from '../../../plan/types.ts';
import { planWith } from '../plan-fixture.ts';

type Change = (plan: Plan) => void;

test.each<[string, string, Change]>([
  [
    'no team',
    'TEAM-EMPTY team',
    (plan) => {
      plan.team = [];
    },
  ],
  [
    'no internal channel',
    'CHANNELS-EMPTY channels.internal',
    (plan) => {
      plan.channels.internal = [];
    },
  ],
  [
    'no external channel',
    'CHANNELS-EMPTY channels.external',
    (plan) => {
      plan.channels.external = [];
    },
  ],
  [
    'no messages',
    'TEMPLATES-EMPTY templates',
    (plan) => {
      plan.templates = [];
    },
  ],
  [
    'no actions afterwards',
    'ACTIONS-EMPTY postRecovery',
    (plan) => {
      plan.postRecovery = [];
    },
  ],
  [
    'no reviews',
    'REVIEWS-EMPTY maintenance.reviews',
    (plan) => {
      plan.maintenance.reviews = [];
    },
  ],
  [
    'no tests',
    'TESTS-EMPTY tests',
    (plan) => {
      plan.tests = [];
    },
  ],
  [
    'no drills',
    'DRILLS-EMPTY tests',
    (plan) => {
      for (const each of plan.tests) delete each.run;
    },
  ],
  [
    'only a telephone',
    'ALERTS-UNHEARD channels.internal',
    (plan) => {
      plan.channels.internal = plan.channels.internal.filter(({ kind }) => kind === 'phone');
    },
  ],
])('%s is an error', (_, wanted, change) => {
  const errors = checkPlan(planWith(change)).filter(({ severity }) => severity === 'error');
  expect(errors.map(({ code, where }) => `${code} ${where}`)).toContain(wanted);
});

test('that nobody is told may be meant, by name', () => {
  const plan = planWith((each) => {
    each.channels.internal = each.channels.internal.filter(({ kind }) => kind === 'phone');
    each.alerts = { none: true };
  });
  expect(checkPlan(plan)).toEqual([]);
});
