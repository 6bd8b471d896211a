/** The check that each rule reads series that exist is itself checked. */
import { expect, test } from 'vitest';
import { alertRules } from '../../../infra/monitoring/rules.ts';
import { productionPlan } from '../../../plan/production.ts';
import { ALL, STANDBY } from './alert-cases.ts';
import { isSelected, selectorsOf, unwritten } from './selectors.ts';

test('a selector selects by name and labels', () => {
  const reachable = 'go_coffee_dr_repository_reachable';
  const local = { metric: reachable, labels: { repository: 'local' } } as const;
  expect(isSelected(reachable, local)).toBe(true);
  expect(isSelected(`${reachable}{repository="local"}`, local)).toBe(true);
  expect(isSelected(`${reachable}{repository=~"loc|secondary"}`, local)).toBe(false);
  expect(isSelected(`${reachable}{repository=~"local|secondary"}`, local)).toBe(true);
  expect(isSelected(`${reachable}{repository!="local"}`, local)).toBe(false);
  expect(isSelected(`${reachable}{tier="P1"}`, local)).toBe(false);
  expect(isSelected('go_coffee_dr_fenced', local)).toBe(false);
});

test('every shipped rule but those of the cluster itself reads the exporter’s series', () => {
  for (const settings of [ALL, STANDBY]) {
    const rules = alertRules(productionPlan, settings).groups.flatMap((group) => group.rules);
    const without = rules.filter((rule) => selectorsOf(rule).length === 0).map(({ alert }) => alert);
    expect(without).toEqual(['DrJobFailed', 'DrMonitorDown']);
    expect(unwritten(rules, []).length).toBeGreaterThan(20);
  }
});
