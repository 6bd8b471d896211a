import { expect, test } from 'vitest';
import { productionPlan } from '../../../../plan/production.ts';
import type { Incident } from '../../../../recovery/incident/incident.ts';
import { pageIncident } from '../../../../recovery/readiness/page/incident.ts';
import { planWith } from '../../../plan/plan-fixture.ts';

const incident = {
  id: 'inc-20261130T100000Z-7f3a',
  scenario: 'complete-failure',
  severity: 'P2',
  status: 'Investigating',
  impact: 'nobody can pay',
  exercise: false,
  declaredAt: '2026-11-30T10:00:00.000Z',
  lastMessageAt: '2026-11-30T10:20:00.000Z',
  commands: [{ run: 'x', line: 'dr restore', by: 'a', startedAt: '', tiers: [{ tier: 'P3', at: '' }], lost: [] }],
} as unknown as Incident;

test('the tiers that are down count against their RTO, and the next update follows the last message', () => {
  expect(pageIncident(productionPlan, incident)).toMatchObject({
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
  const shown = pageIncident(plan, { ...incident, exercise: true });
  expect(shown.updateDueAt).toEqual(new Date('2026-11-30T10:30:00Z'));
  expect(shown.title).toMatch(/^EXERCISE: /);
});
