/** `dr health`: is the platform well, a tier at a time; comprehensively also its data, its copies and its disks. */
import pMap from 'p-map';
import { didYouMean } from '../../plan/nearest.ts';
import type { Tier } from '../../plan/types.ts';
import { inspectRepository, newestCaptures } from '../assess/inspect-repositories.ts';
import { presentRepositories } from '../dated-copy.ts';
import { badInput } from '../errors.ts';
import type { Progress } from '../ports.ts';
import type { Site } from '../site.ts';
import { checkCopies, checkRepositories, checkWalBacklog } from './backups.ts';
import { checkData } from './data.ts';
import { checkDisks } from './disks.ts';
import { askService } from './service.ts';
import { checkPostgres, checkRedis } from './stores.ts';
import { type HealthCheck, type HealthReport, isFailed, type TierHealth } from './types.ts';

export interface HealthQuestion {
  readonly comprehensive: boolean;
  /** @default every tier */
  readonly tier?: readonly string[];
  readonly now: () => Date;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/** Throws TIER-UNKNOWN (exit 2). What doesn't answer is a failed check, not an error. */
export async function checkHealth(site: Site, question: HealthQuestion): Promise<HealthReport> {
  const tiers = chosenTiers(site, question.tier ?? []);
  const [results, checks] = await Promise.all([
    pMap(tiers, (tier) => checkTier(site, tier, question)),
    question.comprehensive ? comprehensive(site, question) : [],
  ]);
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

async function checkTier(site: Site, tier: Tier, question: HealthQuestion): Promise<TierHealth> {
  const step = { step: `health/${tier.id}`, title: 'services answer', tier: tier.id };
  question.progress?.({ ...step, state: 'start' });
  const results = await Promise.all(tier.services.map((service) => checkService(site, service, question.signal)));
  const checks = results.flat();
  const failed = checks.filter(isFailed);
  const state = failed.length === 0 ? 'done' : 'failed';
  question.progress?.({ ...step, state, detail: failed.map(({ title }) => title).join(', ') });
  return { id: tier.id, name: tier.name, healthy: failed.length === 0, checks };
}

/** The two stores are services of the plan, and are asked directly. */
async function checkService(
  site: Site,
  { id, title }: Tier['services'][number],
  signal: AbortSignal | undefined,
): Promise<HealthCheck[]> {
  const stores = id === 'postgres' ? await checkPostgres(site) : id === 'redis' ? await checkRedis(site) : [];
  if (stores.length > 0 && site.environment.services[id]?.health === undefined) return stores;
  const { well, fact } = await askService(site, id, signal);
  return [...stores, { id: `service/${id}`, title, ok: well, fact }];
}

async function comprehensive(site: Site, { now }: HealthQuestion): Promise<HealthCheck[]> {
  const inspections = await Promise.all(presentRepositories(site).map((each) => inspectRepository(site, each)));
  const dump = site.plan.workloads.find(({ type }) => type === 'postgres-dump')?.id ?? '';
  const before = newestCaptures(inspections).get(dump);
  const groups = await Promise.all([
    checkData(site, before?.engine === 'restic' ? before.facts : undefined),
    checkRepositories(inspections.map(({ finding }) => finding)),
    checkCopies(site, now()),
    checkWalBacklog(site),
    checkDisks(site),
  ]);
  return groups.flat();
}
