/** The running incident for the status page: its two clocks, and when people are next told something. */
import { seconds } from '../../../plan/duration.ts';
import type { Plan } from '../../../plan/types.ts';
import type { Site } from '../../config/site.ts';
import type { Incident } from '../../incident/incident.ts';
import { openIncidents } from '../../incident/incidents.ts';
import type { PageIncident } from './view.ts';

/** The gravest and then the oldest of those that are open; an exercise says so. Throws only without any signing key. */
export async function runningIncident(site: Site): Promise<PageIncident | undefined> {
  const open = (await openIncidents(site)).open();
  const [first] = open.toSorted(
    (a, b) => a.severity.localeCompare(b.severity) || a.declaredAt.localeCompare(b.declaredAt),
  );
  return first && pageIncident(site.plan, first);
}

/** Pure. */
export function pageIncident(plan: Plan, incident: Incident): PageIncident {
  const { id, scenario, severity, status, impact, exercise, declaredAt, lastMessageAt, commands } = incident;
  const title = plan.scenarios.find((each) => each.id === scenario)?.title ?? scenario;
  const back = new Set(commands.flatMap(({ tiers }) => tiers.map(({ tier }) => tier)));
  const every = plan.templates.find((each) => each.id === 'initial')?.updateEvery;
  return {
    id,
    title: `${exercise ? 'EXERCISE: ' : ''}${title}${impact === undefined ? '' : ` (${impact})`}`,
    severity,
    status,
    declaredAt: new Date(declaredAt),
    ...(every === undefined ? {} : { updateDueAt: new Date(Date.parse(lastMessageAt) + seconds(every) * 1000) }),
    // Those of the severity and below are down until a command brought them back.
    tiers: plan.tiers
      .filter((tier) => tier.id >= severity && !back.has(tier.id))
      .map((tier) => ({ tier: tier.id, objectiveSeconds: seconds(tier.rto) })),
  };
}
