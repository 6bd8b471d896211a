import { expect, test } from 'vitest';
import { declaredPlan } from '../../../infra/policy/effective-plan.ts';
import { breaches, message } from '../../../infra/policy/rule.ts';
import { RULES } from '../../../infra/policy/rules.ts';
import { declaredBy } from './declared.ts';

test.each(['production', 'dr', 'local'])('%s as it is shipped breaks no rule', async (stack) => {
  const resources = await declaredBy(stack);
  const { kind, plan } = declaredPlan(resources);
  expect(kind).toBe('declared');
  const found = RULES.flatMap((rule) => breaches(rule, { resources, plan }).map((breach) => message(rule, breach)));
  expect(found).toEqual([]);
});

const volumes = { media: { claim: 'media', pods: { app: 'media' } } };

/** A standby that leads has its schedules on; pods beside the platform copy its volume. */
test.each([
  ['dr', { role: 'primary' }],
  ['production', { volumes }],
])('the stack %s with %j breaks no rule', async (stack, config) => {
  const resources = await declaredBy(stack, config);
  const { plan } = declaredPlan(resources);
  const found = RULES.flatMap((rule) => breaches(rule, { resources, plan }).map((breach) => message(rule, breach)));
  expect(found).toEqual([]);
});
