import { expect, test } from 'vitest';
import { productionPlan } from '../../../../plan/production.ts';
import type { Incident } from '../../../../recovery/incident/incident.ts';
import { pageIncident, runningIncident } from '../../../../recovery/readiness/page/incident.ts';
import { planWith } from '../../../plan/plan-fixture.ts';

const NOW = new Date('2026-11-30T11:00:00Z');
const incident = {
  id: 'inc-20261130T100000Z-7f3a',
  scenario: 'complete-failure',
  severity: 'P2',
  status: 'Investigating',
  impact: 'nobody can pay',
  exercise: false,
  declaredAt: '2026-11-30T10:00:00.000Z',
  lastMessageAt: '2026-11-30T10:20:00.000Z',
  followUps: [],
  commands: [{ run: 'x', line: 'dr restore', by: 'a', startedAt: '', tiers: [{ tier: 'P3', at: '' }], lost: [] }],
} as unknown as Incident;

test('the tiers that are down count against their RTO, and the next update follows the last message', () => {
  expect(pageIncident(productionPlan, incident, NOW)).toMatchObject({
    title: 'Complete Infrastructure Failure (nobody can pay)',
    severity: 'P2',
    updateDueAt: new Date('2026-11-30T10:50:00Z'),
    tiers: [
      { tier: 'P2', objectiveSeconds: 4 * 3600 },
      { tier: 'P4', objectiveSeconds: 24 * 3600 },
    ],
  });
});

test('the clock is the plan’s, and an exercise says that it is one', () => {
  const plan = planWith((each) => {
    for (const template of each.templates) if (template.id === 'initial') template.updateEvery = '10m';
  });
  const shown = pageIncident(plan, { ...incident, exercise: true }, NOW);
  expect(shown.updateDueAt).toEqual(new Date('2026-11-30T10:30:00Z'));
  expect(shown.title).toMatch(/^EXERCISE: /);
});

test('of several that are open the gravest is shown, and a resolved one is not', () => {
  const graver = { ...incident, id: 'inc-20261130T103000Z-0001', severity: 'P1' } as Incident;
  expect(runningIncident([incident, graver], productionPlan, NOW)?.id).toBe(graver.id);
  expect(
    runningIncident([{ ...incident, resolvedAt: '2026-11-30T10:40:00.000Z' }], productionPlan, NOW),
  ).toBeUndefined();
});
