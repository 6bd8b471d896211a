/** The running incident for the status page: its two clocks, and when people are next told something. Pure. */
import type { Plan } from '../../../plan/types.ts';
import { clocksOf } from '../../incident/clocks.ts';
import type { Incident } from '../../incident/incident.ts';
import type { PageIncident } from './view.ts';

/** The gravest and then the oldest of those that are open; undefined where none is. */
export function runningIncident(incidents: readonly Incident[], plan: Plan, now: Date): PageIncident | undefined {
  const [first] = incidents
    .filter(({ resolvedAt }) => resolvedAt === undefined)
    .toSorted((a, b) => a.severity.localeCompare(b.severity) || a.declaredAt.localeCompare(b.declaredAt));
  return first && pageIncident(plan, first, now);
}

export function pageIncident(plan: Plan, incident: Incident, now: Date): PageIncident {
  const { id, scenario, severity, status, impact, exercise, declaredAt } = incident;
  const title = plan.scenarios.find((each) => each.id === scenario)?.title ?? scenario;
  const { tiers, update } = clocksOf(incident, plan, now);
  return {
    id,
    title: `${exercise ? 'EXERCISE: ' : ''}${title}${impact === undefined ? '' : ` (${impact})`}`,
    severity,
    status,
    declaredAt: new Date(declaredAt),
    ...(update === undefined ? {} : { updateDueAt: update.at }),
    // Those of the severity and below are down until a command brought them back.
    tiers: tiers
      .filter(({ tier, backAfterSeconds }) => tier >= severity && backAfterSeconds === undefined)
      .map(({ tier, objectiveSeconds }) => ({ tier, objectiveSeconds })),
  };
}
