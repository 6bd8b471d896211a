/** Facts from the stack's plan: objectives, worst cases by its schedules, retention, locks, regions. */
import { exactDuration, seconds } from '../../../plan/duration.ts';
import { worstCaseRpo } from '../../../plan/objectives.ts';
import { type Plan, planSchema } from '../../../plan/types.ts';
import { parseJson } from '../../core/json.ts';
import type { DeclaredResource } from '../declared.ts';
import type { Fact } from '../fact.ts';
import { configMapSchema } from '../objects.ts';

const atMost = (area: Fact['area'], what: string, limit: number): Fact => ({
  area,
  what,
  value: exactDuration(limit),
  worth: -limit,
});

const atLeast = (area: Fact['area'], what: string, least: number): Fact => ({
  area,
  what,
  value: exactDuration(least),
  worth: least,
});

/** A tier's RPO is for its services' data, and configuration has its own (settlement `tier-rpo-is-for-data`). */
function rpoFacts(plan: Plan): Fact[] {
  const classOf = new Map(plan.workloads.map(({ id, dataClass }) => [id, dataClass]));
  const rows = worstCaseRpo(plan).map(({ workload, tier, seconds: worst }) => {
    return { of: classOf.get(workload) === 'configuration' ? 'configuration' : tier, worst };
  });
  return [...plan.tiers.map(({ id }) => id), 'configuration'].flatMap((of) => {
    const own = rows.filter((row) => row.of === of).map(({ worst }) => worst);
    // A tier may have services and no data.
    return own.length === 0 ? [] : [atMost('rpo', `worst-case RPO of ${of}`, Math.max(...own))];
  });
}

function objectiveFacts({ tiers, objectives }: Plan): Fact[] {
  return [
    ...tiers.flatMap(({ id, rto, rpo }) => [
      atMost('rpo', `RPO objective of ${id}`, seconds(rpo)),
      atMost('rto', `RTO objective of ${id}`, seconds(rto)),
    ]),
    atMost('rpo', 'RPO objective of configuration', seconds(objectives.rpo.configuration)),
  ];
}

function repositoryFacts(plan: Plan): Fact[] {
  return plan.repositories.flatMap(({ id, retention, immutable, written }) => [
    atLeast('retention', `retention of ${id}`, seconds(retention)),
    ...(immutable === undefined ? [] : [atLeast('immutability', `lock of ${id}`, seconds(immutable.lock))]),
    ...(written.by === 'engines' ? [] : [{ area: 'schedules', what: `export to ${id}`, value: written.cron } as const]),
  ]);
}

function regionFact({ repositories }: Plan): Fact {
  const regions = [...new Set(repositories.flatMap(({ region }) => region ?? []))].sort();
  return { area: 'regions', what: 'regions of the copies', value: regions.join(', ') || 'none', worth: regions.length };
}

/** Undefined for another resource, and for a plan of another version: its facts are unknown then. */
function planOf({ type, inputs }: DeclaredResource): Plan | undefined {
  const map = type === 'kubernetes:core/v1:ConfigMap' ? configMapSchema.safeParse(inputs).data : undefined;
  const text = map?.data['plan.json'];
  return typeof text === 'string' ? planSchema.safeParse(parseJson(text)).data : undefined;
}

/**
 * Both namespaces hold the same plan, so the first one counts.
 * @param crons the declared CronJobs' expressions by schedule: where one differs from the plan, the CronJob's counts
 */
export function planFacts(resources: readonly DeclaredResource[], crons: ReadonlyMap<string, string>): Fact[] {
  const plan = resources.map(planOf).find((found) => found !== undefined);
  if (plan === undefined) return [];
  const schedules = plan.schedules.map((schedule) => ({ ...schedule, cron: crons.get(schedule.id) ?? schedule.cron }));
  return [...rpoFacts({ ...plan, schedules }), ...objectiveFacts(plan), ...repositoryFacts(plan), regionFact(plan)];
}
