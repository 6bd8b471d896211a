/**
 * The stack's monitor while its database changes generation: it goes on reading the fence of the lineage that it was started with, and would
 * make the new database read-only, as it has to with one whose site was failed over.
 */
import { DrError } from '../core/errors.ts';
import { poll } from '../core/poll.ts';
import { pollOptions } from '../failover/ports.ts';
import type { SiteCluster } from '../kubernetes/site-cluster.ts';
import type { InPlacePorts } from './types.ts';

const MONITOR = 'dr-monitor';
/** Its grace period is half a minute. */
const STOP_SECONDS = 120;

async function find(cluster: SiteCluster, namespace: string) {
  const all = await cluster.scalables(namespace);
  return all.find(({ kind, name }) => kind === 'Deployment' && name === MONITOR);
}

/** Throws `MONITOR-RUNS` while a pod of it is left. */
export async function stopMonitor(ports: InPlacePorts, cluster: SiteCluster, namespace: string): Promise<void> {
  const found = await find(cluster, namespace);
  if (found !== undefined) await cluster.stop(found);
  const { accepted, answer } = await poll(
    pollOptions(ports, STOP_SECONDS),
    async () => (await cluster.pods(namespace)).filter(({ app, serves }) => serves && app === MONITOR),
    (pods) => pods.length === 0,
  );
  if (accepted) return;
  throw new DrError({
    code: 'MONITOR-RUNS',
    where: `${cluster.describe}, ${namespace}`,
    fact: `${answer.map(({ name }) => name).join(', ')} still runs after ${STOP_SECONDS} s: it would make the new database read-only`,
    hint: `kubectl -n ${namespace} describe pods; then run the same command again`,
  });
}

/** It reads the config of the new generation. */
export async function startMonitor(cluster: SiteCluster, namespace: string): Promise<void> {
  const found = await find(cluster, namespace);
  if (found !== undefined && found.replicas === 0) await cluster.resume(found);
}
