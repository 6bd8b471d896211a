import { expect, test } from 'vitest';
import { checkHuman } from '../../../plan/checks/human.ts';
import { checkPlan } from '../../../plan/checks/validate.ts';
import { placeholderProblem } from '../../../plan/people/contacts.ts';
import { productionPlan } from '../../../plan/production.ts';
import type { Plan } from '../../../plan/types.ts';
import { planWith } from '../plan-fixture.ts';

const NOW = new Date('2026-11-30T12:00:00Z');
/** The shipped plan, with numbers that somebody answers. */
const complete = (change: (plan: Plan) => void = () => {}): Plan =>
  planWith((plan) => {
    for (const member of plan.team) member.contact = '+1-202-456-1111';
    for (const channel of plan.channels.internal)
      channel.address = channel.address.replace(/\+1-xxx.*/, '+1 202 456 1414');
    change(plan);
  });
const found = (change?: (plan: Plan) => void): string[] =>
  checkHuman(complete(change), NOW).map(({ code, where, fact }) => `${code} ${where}: ${fact}`);

test.each([
  '+1-xxx-xxx-xxxx',
  'Conference bridge +1-XXX-XXX-XXXX',
  'TBD',
  '<number>',
  '[phone]',
  '+1-555-0100',
  '000-000-0000',
  'the CTO',
  'on-call@example.com',
  '___',
])('nobody is reached at %s', (contact) => {
  expect(placeholderProblem(contact)).toContain(contact);
});

test.each([
  '+1-202-456-1111',
  '0049 30 1234567',
  'cto@go-coffee.com',
  '#incident-response',
  'https://go-coffee.com/call',
])('somebody may be reached at %s', (contact) => expect(placeholderProblem(contact)).toBeUndefined());

test('the shipped plan: each role and the bridge are placeholders, and nothing else is wrong', () => {
  const shipped = checkHuman(productionPlan, NOW);
  expect(shipped.map(({ where }) => where)).toEqual([
    ...productionPlan.team.map((_, n) => `team.[${n}].contact`),
    'channels.internal.[2].address',
  ]);
  expect(shipped.every(({ severity }) => severity === 'warning')).toBe(true);
  expect(found()).toEqual([]);
});

test('each test of the written plan is missed when it is dropped, or done more rarely', () => {
  for (const { id, title, cadence, run } of productionPlan.tests) {
    const dropped = found((plan) => {
      plan.tests = plan.tests.filter((each) => each.id !== id);
    });
    // Two tests of one command answer each other, if the one that stays is as frequent.
    const stays = productionPlan.tests.some((each) => each.id !== id && run !== undefined && each.run === run);
    if (!stays) expect(dropped).toEqual([`TEST-DROPPED tests: no test "${title}"; the written plan has it ${cadence}`]);
    const rarer = found((plan) => {
      for (const each of plan.tests) if (each.run === run && cadence !== 'annual') each.cadence = 'annual';
    });
    if (cadence !== 'annual') expect(rarer.join()).toContain(`"${title}" is annual only`);
  }
});

test('a template of each kind, and a second person for each role', () => {
  expect(
    found((plan) => {
      plan.templates = plan.templates.filter(({ id }) => id !== 'resolved');
    }),
  ).toEqual([expect.stringContaining('TEMPLATE-MISSING templates: there is no template "resolved"')]);
  expect(
    found((plan) => {
      const [first] = plan.team;
      if (first) first.secondary = ` ${first.primary.toLowerCase()}`;
    }),
  ).toEqual([expect.stringContaining('CONTACT-ALONE team.[0].secondary: Incident Commander')]);
});

test('business flows: none at all, one whose work-around belongs to nobody, and one over a service that is not there', () => {
  expect(
    found((plan) => {
      plan.flows = [];
    }),
  ).toEqual([expect.stringContaining('FLOWS-EMPTY flows')]);
  expect(
    found((plan) => {
      const [first] = plan.flows;
      if (first) first.owner = 'Warehouse';
    }),
  ).toEqual([expect.stringContaining('FLOW-UNOWNED flows.sign-in.owner')]);
  const wrong = complete((plan) => {
    const [first] = plan.flows;
    if (first) first.services = ['auth-servic'];
  });
  expect(checkPlan(wrong).map(({ code, where }) => `${code} ${where}`)).toContain(
    'SERVICE-UNKNOWN flows.sign-in.services.[0]',
  );
});

test('a review date that is past, and an update that is ahead', () => {
  const dated = (maintenance: Partial<Plan['maintenance']>): string[] =>
    found((plan) => {
      plan.maintenance = { ...plan.maintenance, ...maintenance };
    });
  expect(dated({ nextReview: '2026-11-29' })).toEqual([
    'REVIEW-OVERDUE maintenance.nextReview: the plan should have been reviewed on 2026-11-29',
  ]);
  expect(dated({ nextReview: '2026-11-30', lastUpdated: '2026-11-30' })).toEqual([]);
  expect(dated({ lastUpdated: '2026-12-01' })).toEqual([
    expect.stringContaining('REVIEW-AHEAD maintenance.lastUpdated'),
  ]);
});
