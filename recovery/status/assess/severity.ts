/** How bad it is: the worst tier that is down, as `dr assess` finds it, and how much data a recovery would restore. */
import type { Plan, TierId } from '../../../plan/types.ts';
import { presentRepositories } from '../../config/repositories.ts';
import type { Site } from '../../config/site.ts';
import { asDrError, rethrowBug } from '../../core/as-dr-error.ts';
import { within } from '../../incident/within.ts';
import { inspectRepository, newestCaptures } from '../probes/repositories.ts';
import { type AssessOptions, assess } from './assess.ts';
import { type Findings, isLost } from './findings.ts';

export interface Damage {
  /** `P1` where nobody could look: too high costs less than too low. */
  readonly severity: TierId;
  readonly severityFrom: 'measured' | 'unclear';
  /** What says so, a sentence each. */
  readonly why: readonly string[];
  /** Of the newest copies; undefined where no repository answered in time. */
  readonly bytes: number | undefined;
}

/** The tier of each thing that is down. Pure. */
function downTiers(findings: Findings, { tiers, workloads }: Pick<Plan, 'tiers' | 'workloads'>): [TierId, string][] {
  const tierOf = (service: string): TierId =>
    tiers.find((tier) => tier.services.some(({ id }) => id === service))?.id ?? 'P1';
  const { postgres, redis, folders, services } = findings;
  const store = (
    id: string,
    found: { server: string; files: Parameters<typeof isLost>[0] } | undefined,
    damaged = false,
  ): [TierId, string][] =>
    found !== undefined && (found.server !== 'up' || isLost(found.files) || damaged)
      ? [[tierOf(id), `${id} is ${found.server}, its files are ${found.files}`]]
      : [];
  return [
    ...store('postgres', postgres, (postgres?.damage.length ?? 0) + (postgres?.lostTables.length ?? 0) > 0),
    ...store('redis', redis),
    ...folders.flatMap(({ workload, state }): [TierId, string][] => {
      const tier = workloads.find(({ id }) => id === workload)?.tier;
      return tier !== undefined && isLost(state) ? [[tier, `${workload} is ${state}`]] : [];
    }),
    ...services.flatMap(({ service, tier, well, missing, fact }): [TierId, string][] => {
      const known = tiers.find(({ id }) => id === tier)?.id;
      return known !== undefined && (well === false || missing === true) ? [[known, `${service}: ${fact}`]] : [];
    }),
  ];
}

/** Pure. Nothing that is down is not "all is well" while somebody declares an incident. */
export function severityOf(findings: Findings, plan: Pick<Plan, 'tiers' | 'workloads'>): Omit<Damage, 'bytes'> {
  const down = downTiers(findings, plan);
  const worst = plan.tiers.find(({ id }) => down.some(([tier]) => tier === id))?.id;
  if (worst === undefined)
    return { severity: 'P1', severityFrom: 'unclear', why: ['nothing that can be inspected from here is down'] };
  return {
    severity: worst,
    severityFrom: 'measured',
    why: down.filter(([tier]) => tier === worst).map(([, fact]) => fact),
  };
}

/** Never throws and never takes longer: who declares an incident does not wait for what is broken. */
export async function inspectDamage(site: Site, options: AssessOptions, seconds: number): Promise<Damage> {
  const [found, bytes] = await Promise.all([
    within(seconds, 'assessment', assess(site, options)).then(
      ({ findings }) => severityOf(findings, site.plan),
      (error: unknown): Omit<Damage, 'bytes'> => {
        rethrowBug(error);
        return {
          severity: 'P1',
          severityFrom: 'unclear',
          why: [`the assessment failed: ${asDrError(error, 'assessment').fact}`],
        };
      },
    ),
    within(seconds, 'repositories', newestBytes(site)).catch((error: unknown) => {
      rethrowBug(error);
      site.log.debug({ error: asDrError(error, 'repositories').fact }, 'the size of the data is not known');
      return undefined;
    }),
  ]);
  return { ...found, bytes };
}

async function newestBytes(site: Site): Promise<number | undefined> {
  const inspections = await Promise.all(
    presentRepositories(site).map((repository) => inspectRepository(site, repository)),
  );
  const captures = [...newestCaptures(inspections).values()];
  return captures.length === 0 ? undefined : captures.reduce((sum, { bytes }) => sum + bytes, 0);
}
