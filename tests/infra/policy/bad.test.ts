import { beforeAll, expect, test } from 'vitest';
import { declaredPlan } from '../../../infra/policy/effective-plan.ts';
import type { Resource } from '../../../infra/policy/resource.ts';
import { breaches, message, type Rule } from '../../../infra/policy/rule.ts';
import { RULES } from '../../../infra/policy/rules.ts';
import { CLUSTER } from './bad-cases/cluster.ts';
import { ENGINES } from './bad-cases/engines.ts';
import { JOBS } from './bad-cases/jobs.ts';
import { PLAN } from './bad-cases/plan.ts';
import { STORAGE } from './bad-cases/storage.ts';
import { declaredBy } from './declared.ts';

const BAD_CASES = [...PLAN, ...STORAGE, ...JOBS, ...ENGINES, ...CLUSTER];

let good: Resource[];

beforeAll(async () => {
  good = await declaredBy('production');
});

function said(rule: Rule, resources: readonly Resource[]): string[] {
  return breaches(rule, { resources, plan: declaredPlan(resources).plan }).map((breach) => message(rule, breach));
}

test('each rule has a case', () => {
  expect([...new Set(BAD_CASES.map(({ rule }) => rule))].sort()).toEqual(RULES.map(({ id }) => id).sort());
});

test.each(RULES)('$id finds nothing in what is shipped', (rule) => {
  expect(said(rule, good)).toEqual([]);
});

test.each(BAD_CASES)('$rule stops $title, and names the line of the plan', ({ rule: id, broken, says, line }) => {
  const rule = RULES.find((candidate) => candidate.id === id) as Rule;
  const found = said(rule, broken(good)).filter((text) => text.includes(says));
  expect(found).not.toEqual([]);
  for (const text of found) expect(text).toMatch(new RegExp(`^${id}: .+; the plan's lines? ${line} says? ".+"$`));
});
