/** `dr health`: whether the platform is healthy, tier by tier; comprehensively also its data, its copies and its disks. */
import pMap from 'p-map';
import { didYouMean } from '../../../plan/nearest.ts';
import { selectWorkloads } from '../../../plan/select.ts';
import type { Tier } from '../../../plan/types.ts';
import { presentRepositories } from '../../config/repositories.ts';
import type { Site } from '../../config/site.ts';
import { badInput } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import { checkData, checkWalBacklog } from '../../workloads/postgres/health.ts';
import type { HealthCheck } from '../../workloads/workload.ts';
import { type PlatformState, readPlatform } from '../probes/cluster.ts';
import { inspectRepository, newestCaptures } from '../probes/repositories.ts';
import { checkCopies, checkRepositories } from './backups.ts';
import { checkDetached } from './detached.ts';
import { checkDisks } from './disks.ts';
import { checkHardening } from './hardening.ts';
import { checkIntegrations } from './integrations.ts';
import { checkCluster, checkService, checkStores, checkUnmapped } from './services.ts';
import { type HealthReport, isFailed, type TierHealth } from './types.ts';
import { checkUncovered } from './uncovered.ts';

export interface HealthQuestion {
  readonly comprehensive: boolean;
  /** Only PostgreSQL and Redis, which services need before they start. @default false */
  readonly stores?: boolean;
  /** @default every tier */
  readonly tier?: readonly string[];
  readonly now: () => Date;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/** Throws TIER-UNKNOWN or STORES-UNKNOWN (exit 2). What does not answer is a failed check, not an error. */
export async function checkHealth(site: Site, question: HealthQuestion): Promise<HealthReport> {
  const chosen = chosenTiers(site, question.tier ?? []);
  const tiers = question.stores ? tiersWithStores(site, chosen) : chosen;
  const platform = question.stores ? undefined : await readPlatform(site, question.signal);
  const [results, more] = await Promise.all([
    pMap(tiers, (tier) => checkTier(site, tier, question, platform)),
    question.comprehensive ? comprehensive(site, question) : [],
  ]);
  const checks = [...checkCluster(platform), ...more];
  return {
    at: question.now().toISOString(),
    environment: site.environment.name,
    comprehensive: question.comprehensive,
    healthy: results.every(({ healthy }) => healthy) && !checks.some(isFailed),
    tiers: results,
    checks,
  };
}

function chosenTiers(site: Site, names: readonly string[]): readonly Tier[] {
  const known = site.plan.tiers.map(({ id }) => id);
  const wanted = names.map((name) => {
    const found = known.find((id) => id === name.toUpperCase());
    if (found !== undefined) return found;
    const fact = `the plan has no tier "${name}".${didYouMean(name, known)}`;
    throw badInput({ code: 'TIER-UNKNOWN', where: '--tier', fact, hint: `type one of ${known.join(', ')}` });
  });
  return wanted.length === 0 ? site.plan.tiers : site.plan.tiers.filter(({ id }) => wanted.includes(id));
}

async function checkTier(
  site: Site,
  tier: Tier,
  question: HealthQuestion,
  platform: PlatformState | undefined,
): Promise<TierHealth> {
  const step = {
    step: `health/${tier.id}`,
    title: question.stores ? 'stores answer' : 'services answer',
    tier: tier.id,
  };
  question.progress?.({ ...step, state: 'start' });
  const checks = question.stores
    ? await checkStores(site, tier)
    : [...(await checkServices(site, tier, platform, question.signal)), ...checkUnmapped(site, tier, platform)];
  const failed = checks.filter(isFailed);
  const state = failed.length === 0 ? 'done' : 'failed';
  question.progress?.({ ...step, state, detail: failed.map(({ title }) => title).join(', ') });
  return { id: tier.id, name: tier.name, healthy: failed.length === 0, checks };
}

async function checkServices(
  site: Site,
  { services }: Tier,
  platform: PlatformState | undefined,
  signal: AbortSignal | undefined,
): Promise<HealthCheck[]> {
  return (await Promise.all(services.map((service) => checkService(site, service, platform, signal)))).flat();
}

/** Throws STORES-UNKNOWN where there is nothing to check: an empty check would pass. */
function tiersWithStores(site: Site, tiers: readonly Tier[]): readonly Tier[] {
  const { postgres, redis, external } = site.environment;
  const configured = [
    ...((postgres ?? external?.postgres) === undefined ? [] : ['postgres']),
    ...((redis ?? external?.redis) === undefined ? [] : ['redis']),
  ];
  const found = tiers.filter(({ services }) => services.some(({ id }) => configured.includes(id)));
  if (found.length > 0) return found;
  const fact =
    configured.length === 0
      ? `${site.file} has neither postgres nor redis`
      : `none of the chosen tiers has ${configured.join(' or ')}`;
  throw badInput({
    code: 'STORES-UNKNOWN',
    where: '--stores',
    fact,
    hint: 'run it without --tier, or without --stores',
  });
}

async function comprehensive(site: Site, { now, signal }: HealthQuestion): Promise<HealthCheck[]> {
  const inspections = await Promise.all(presentRepositories(site).map((each) => inspectRepository(site, each)));
  const dump = selectWorkloads(site.plan, ['type:postgres-dump'])[0]?.id ?? '';
  const before = newestCaptures(inspections).get(dump);
  const groups = await Promise.all([
    checkData(site, before?.engine === 'restic' ? before.facts : undefined),
    checkRepositories(inspections.map(({ finding }) => finding)),
    checkDetached(site),
    checkCopies(site, now()),
    checkWalBacklog(site),
    checkDisks(site),
    checkUncovered(site),
    checkHardening(site, signal),
    checkIntegrations(site),
  ]);
  return groups.flat();
}
