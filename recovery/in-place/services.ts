/** The services of a stack, after its stores have come back: tier by tier, each behind the one before. */
import { z } from 'zod';
import { allNamespaces, platformNamespaces } from '../../plan/declared/namespaces.ts';
import { seconds } from '../../plan/duration.ts';
import { type Plan, TIERS } from '../../plan/types.ts';
import { DrError } from '../core/errors.ts';
import { poll } from '../core/poll.ts';
import { pollOptions } from '../failover/ports.ts';
import type { Scalable, SiteCluster } from '../kubernetes/site-cluster.ts';
import { nameOf } from './tiers.ts';
import type { InPlacePlan, InPlacePorts } from './types.ts';

export const wokenSchema = z.array(z.object({ tier: z.enum(TIERS), at: z.string() }));
export type Woken = z.infer<typeof wokenSchema>;

async function readyAgain(
  ports: InPlacePorts,
  cluster: SiteCluster,
  { names, tier, limit }: { readonly names: readonly string[]; readonly tier: string; readonly limit: number },
): Promise<void> {
  const namespaces = [...new Set(names.map((name) => name.split('/')[0] ?? ''))];
  const isReady = ({ ready, replicas, before }: Scalable): boolean => before === undefined && ready >= replicas;
  const { answer, accepted } = await poll(
    pollOptions(ports, limit),
    async () => {
      const found = (await Promise.all(namespaces.map((name) => cluster.scalables(name)))).flat();
      return found.filter((each) => names.includes(nameOf(each)) && !isReady(each));
    },
    (left) => left.length === 0,
  );
  if (accepted) return;
  throw new DrError({
    code: 'TIER-NOT-READY',
    where: `${tier} in ${cluster.describe}`,
    fact: `${answer.map((each) => `${nameOf(each)} (${each.ready} of ${each.replicas} pods ready)`).join(', ')} after ${limit} s`,
    hint: 'the database leads; fix the service and run the same command again: later tiers wait for it',
  });
}

/** Those that the restore has stopped, as they were. Throws `TIER-NOT-READY` when a tier is not ready within its RTO. */
export async function wakeServices(
  ports: InPlacePorts,
  cluster: SiteCluster,
  plan: Pick<Plan, 'tiers'>,
  made: InPlacePlan,
): Promise<Woken> {
  const woken: Woken = [];
  for (const { tier, workloads } of made.tiers) {
    const step = { step: `services/${tier}`, title: `start the services of ${tier}` };
    ports.progress({ ...step, state: 'start', detail: workloads.join(', ') });
    const found = await Promise.all(platformNamespaces(made.namespaces).map((name) => cluster.scalables(name)));
    const own = found.flat().filter((each) => workloads.includes(nameOf(each)));
    for (const each of own.filter(({ before }) => before !== undefined)) await cluster.resume(each);
    const limit = seconds(plan.tiers.find(({ id }) => id === tier)?.rto ?? '1h');
    if (own.length > 0) await readyAgain(ports, cluster, { names: own.map(nameOf), tier, limit });
    woken.push({ tier, at: ports.now().toISOString() });
    ports.progress({ ...step, state: 'done' });
  }
  return woken;
}

/** CronJobs that the restore has suspended run again. */
export async function resumeSchedules(cluster: SiteCluster, { namespaces }: InPlacePlan): Promise<void> {
  const found = await Promise.all(allNamespaces(namespaces).map((name) => cluster.schedules(name)));
  for (const schedule of found.flat().filter(({ stopped }) => stopped)) await cluster.unsuspend(schedule);
}
