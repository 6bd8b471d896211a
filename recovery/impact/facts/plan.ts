/** Facts from the stack's plan: objectives, worst cases by what is declared, retention, locks, regions. */
import { exactDuration, seconds } from '../../../plan/duration.ts';
import { worstCaseRpo } from '../../../plan/objectives.ts';
import { type Plan, planSchema } from '../../../plan/types.ts';
import { parseJson } from '../../core/json.ts';
import type { DeclaredResource } from '../declared.ts';
import type { Fact } from '../fact.ts';
import { configMapSchema } from '../objects.ts';
import { type Archiving, archivingOf } from '../settings/patroni.ts';

const atMost = (area: Fact['area'], what: string, limit: number, says?: string): Fact => ({
  area,
  what,
  value: exactDuration(limit),
  worth: -limit,
  ...(says === undefined ? {} : { harm: { store: 'all', says } }),
});

const atLeast = (area: Fact['area'], what: string, least: number, says: string): Fact => ({
  area,
  what,
  value: exactDuration(least),
  worth: least,
  harm: { store: 'all', says },
});

/** Worst cases count years of runs, and both sides of a comparison mostly have the same plan. */
const KNOWN = new Map<string, readonly Fact[]>();
const KEPT = 8;

function rpoFacts(plan: Plan): readonly Fact[] {
  const key = JSON.stringify([plan.tiers, plan.objectives, plan.workloads, plan.schedules, plan.repositories]);
  const known = KNOWN.get(key);
  if (known !== undefined) return known;
  const facts = worstCases(plan);
  if (KNOWN.size >= KEPT) KNOWN.clear();
  KNOWN.set(key, facts);
  return facts;
}

/** A tier's RPO is for its services' data, and configuration has its own (settlement `tier-rpo-is-for-data`). */
function worstCases(plan: Plan): Fact[] {
  const classOf = new Map(plan.workloads.map(({ id, dataClass }) => [id, dataClass]));
  const rows = worstCaseRpo(plan).map(({ workload, tier, seconds: worst }) => {
    return { of: classOf.get(workload) === 'configuration' ? 'configuration' : tier, worst };
  });
  return [...plan.tiers.map(({ id }) => id), 'configuration'].flatMap((of) => {
    const own = rows.filter((row) => row.of === of).map(({ worst }) => worst);
    // A tier may have services and no data.
    if (own.length === 0) return [];
    return [atMost('rpo', `worst-case RPO of ${of}`, Math.max(...own), `a disaster costs more of ${of}’s data`)];
  });
}

function objectiveFacts({ tiers, objectives }: Plan): Fact[] {
  return [
    ...tiers.flatMap(({ id, rto, rpo }) => [
      atMost('rpo', `RPO objective of ${id}`, seconds(rpo), `${id} may lose more`),
      atMost('rto', `RTO objective of ${id}`, seconds(rto), `${id} may be away for longer`),
    ]),
    atMost('rpo', 'RPO objective of configuration', seconds(objectives.rpo.configuration)),
  ];
}

function repositoryFacts(plan: Plan): Fact[] {
  return plan.repositories.flatMap(({ id, retention, immutable, written }) => [
    atLeast('retention', `retention of ${id}`, seconds(retention), `older moments can’t be reached in ${id}`),
    ...(immutable === undefined
      ? []
      : [atLeast('immutability', `lock of ${id}`, seconds(immutable.lock), `copies in ${id} can be deleted sooner`)]),
    ...(written.by === 'engines' ? [] : [{ area: 'schedules', what: `export to ${id}`, value: written.cron } as const]),
  ]);
}

function regionFact({ repositories }: Plan): Fact {
  const regions = [...new Set(repositories.flatMap(({ region }) => region ?? []))].sort();
  const harm = { store: 'all', says: 'the loss of a region costs more copies' } as const;
  return {
    area: 'regions',
    what: 'regions of the copies',
    value: regions.join(', ') || 'none',
    worth: regions.length,
    harm,
  };
}

/** Undefined for another resource, and for a plan of another version: its facts are unknown then. */
function planIn({ type, inputs }: DeclaredResource): Plan | undefined {
  const map = type === 'kubernetes:core/v1:ConfigMap' ? configMapSchema.safeParse(inputs).data : undefined;
  const text = map?.data['plan.json'];
  return typeof text === 'string' ? planSchema.safeParse(parseJson(text)).data : undefined;
}

/** Both namespaces hold the same plan, so the first one counts. */
export function planOf(resources: readonly DeclaredResource[]): Plan | undefined {
  return resources.map(planIn).find((found) => found !== undefined);
}

/** WAL only counts where PostgreSQL ships it: without it a database is as old as its last backup. */
function withArchiving({ workloads, ...plan }: Plan, archiving: Archiving | undefined): Plan {
  if (archiving === undefined) return { ...plan, workloads };
  return {
    ...plan,
    workloads: workloads.map(({ continuous, ...workload }) => {
      if (continuous === undefined || !archiving.ships) return workload;
      return { ...workload, continuous: { ...continuous, archiveTimeout: `${archiving.timeout}s` } };
    }),
  };
}

/**
 * @param crons the declared CronJobs' expressions by schedule: where one differs from the plan, the CronJob's counts; undefined for one
 * that does not run
 */
export function planFacts(
  resources: readonly DeclaredResource[],
  crons: ReadonlyMap<string, string | undefined>,
): Fact[] {
  const plan = planOf(resources);
  if (plan === undefined) return [];
  const schedules = plan.schedules.flatMap((schedule) => {
    const cron = crons.has(schedule.id) ? crons.get(schedule.id) : schedule.cron;
    return cron === undefined ? [] : [{ ...schedule, cron }];
  });
  const declared = withArchiving({ ...plan, schedules }, archivingOf(resources));
  return [...rpoFacts(declared), ...objectiveFacts(plan), ...repositoryFacts(plan), regionFact(plan)];
}
