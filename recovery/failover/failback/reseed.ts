/**
 * A site that led, or followed somebody else, becomes a standby of the leader in its next generation. What says how far it came is in
 * the clusters and in the stack's config, so that a run after a `kill -9` goes on from there.
 */
import { DrError } from '../../core/errors.ts';
import type { SiteCluster } from '../../kubernetes/site-cluster.ts';
import { formatLsn, type Lsn } from '../../points/wal.ts';
import { type Fence, raiseFence } from '../../storage/fence.ts';
import { leaderOf, membersOf, POSTGRES_APP, switchWal } from '../../workloads/postgres/members.ts';
import { patience, until } from '../poll.ts';
import type { FailoverPorts } from '../ports.ts';
import type { SiteStack } from '../stack.ts';
import { stopSite } from '../stop-site.ts';
import { bringUp } from '../up.ts';
import { noFullBackup, readSites } from './plan.ts';
import type { FailbackRequest, ReseedPlan, ReseedReport } from './types.ts';

/** Endpoints that Patroni keeps a life of its cluster in. */
const PATRONI = ['', '-config', '-failover', '-sync'].map((suffix) => `${POSTGRES_APP}${suffix}`);
/** Of a set that is laid down and WAL that is replayed. */
const FOLLOW_SECONDS = 4 * 3600;

async function fenceOld(ports: FailoverPorts, back: SiteStack, plan: ReseedPlan): Promise<void> {
  const what = `dr failback --stack ${plan.stack} --of ${plan.of}`;
  const fences: Fence[] = [];
  let last: unknown;
  for (const place of Object.values(back.storage)) {
    const request = { lineage: plan.lineage, successor: plan.leader.lineage, what, now: ports.now() };
    try {
      fences.push(await raiseFence(await ports.openStorage(place), back.layout, request));
    } catch (error) {
      if (!(error instanceof DrError) || error.code === 'FENCE-TAKEN') throw error;
      last = error;
    }
  }
  if (fences.length === 0) throw last;
}

/** Stops what runs, and deletes what the next life must not find. */
async function empty(ports: FailoverPorts, cluster: SiteCluster, back: SiteStack, plan: ReseedPlan): Promise<void> {
  const { platform, recovery } = back.outputs.namespaces;
  if (!(await cluster.hasNamespace(platform))) return;
  const why = `dr failback --stack ${plan.stack}: ${plan.lineage} is over`;
  await stopSite({ cluster, platform, recovery, why, ports });
  for (const claim of plan.claims) {
    await cluster.deleteClaim(platform, claim);
    ports.progress({ step: `reseed/${claim}`, title: `delete the claim ${claim}`, state: 'done' });
  }
  const { done, seen } = await until(
    patience(ports, 120),
    async () => (await cluster.claims(platform)).filter((name) => plan.claims.includes(name)),
    (left) => left.length === 0,
  );
  if (!done) {
    throw new DrError({
      code: 'CLAIMS-STUCK',
      where: plan.namespace,
      fact: `${seen.join(', ')} are still there after two minutes`,
      hint: 'a pod still mounts them, or a finalizer holds them: kubectl describe pvc; then run the same command again',
    });
  }
  for (const endpoints of PATRONI) await cluster.deleteEndpoints(platform, endpoints);
}

async function configure(back: SiteStack, plan: ReseedPlan): Promise<void> {
  const { site, generation } = plan.leader;
  const { standby } = await back.engine.config();
  // What it has ready of the services is this site's own matter.
  const kept = typeof standby?.value === 'object' ? standby.value : {};
  await back.engine.setConfig({
    role: { value: 'standby' },
    generation: { value: plan.next.generation },
    standby: { value: { ...kept, of: { site, generation }, repository: plan.repository } },
  });
}

/** What the fence has stopped, and the stack does not know of. Services stay at zero: they come with the lead. */
async function letIn(cluster: SiteCluster, back: SiteStack): Promise<void> {
  const { platform, recovery } = back.outputs.namespaces;
  for (const namespace of [platform, recovery]) {
    if (!(await cluster.hasNamespace(namespace))) continue;
    for (const schedule of await cluster.schedules(namespace)) await cluster.unsuspend(schedule);
    await cluster.admitPods(namespace);
  }
}

/** An engine that compares with its own state alone has not seen that it was stopped. */
async function startDatabase(cluster: SiteCluster, namespace: string): Promise<void> {
  const database = (await cluster.scalables(namespace)).find(({ name }) => name === POSTGRES_APP);
  if (database?.replicas === 0) await cluster.resume(database);
}

/** Waits until the standby has what the leader has now. */
async function untilFollows(ports: FailoverPorts, leader: SiteStack, back: SiteStack): Promise<Lsn> {
  await using there = await ports.openCluster(leader.cluster);
  await using here = await ports.openCluster(back.cluster);
  const platform = leader.outputs.namespaces.platform;
  const leading = await leaderOf(there, platform);
  if (leading === undefined) {
    const fact = `no member of PostgreSQL in ${platform} takes writes`;
    throw new DrError({ code: 'NO-LEADER', where: `stack ${leader.name}`, fact, hint: 'kubectl get pods; dr health' });
  }
  const target = await switchWal(there, platform, leading);
  const step = 'reseed/follow';
  const title = `${back.name} follows ${leader.outputs.lineage}`;
  ports.progress({ step, title, state: 'start', detail: `up to ${formatLsn(target)}` });
  const { seen, done } = await until(
    patience(ports, FOLLOW_SECONDS),
    async () => (await membersOf(here, back.outputs.namespaces.platform)).find(({ follows }) => follows)?.lsn,
    (lsn) => lsn !== undefined && lsn >= target,
  );
  if (done) {
    ports.progress({ step, title, state: 'done' });
    return target;
  }
  throw new DrError({
    code: 'STANDBY-BEHIND',
    where: `stack ${back.name}`,
    fact: `it has replayed up to ${seen === undefined ? 'nothing' : formatLsn(seen)}, and the leader was at ${formatLsn(target)}`,
    hint: `kubectl -n ${back.outputs.namespaces.platform} logs postgres-0; run the same command again to go on waiting`,
  });
}

/** Before anything is deleted: a standby begins with a set of the leader's own lineage. */
async function untilFullBackup(ports: FailoverPorts, leader: SiteStack, plan: ReseedPlan): Promise<void> {
  await using cluster = await ports.openCluster(leader.cluster);
  const step = 'reseed/full-backup';
  const title = `first full backup of ${plan.leader.lineage}`;
  const look = () => cluster.job(leader.outputs.namespaces.recovery, `dr-full-${plan.leader.lineage}`);
  if ((await look()) === 'running') ports.progress({ step, title, state: 'start' });
  const { seen } = await until(patience(ports, FOLLOW_SECONDS), look, (state) => state !== 'running');
  if (seen === 'running' || seen === 'failed') throw noFullBackup(plan);
  ports.progress({ step, title, state: 'done' });
}

export async function reseed(ports: FailoverPorts, request: FailbackRequest, plan: ReseedPlan): Promise<ReseedReport> {
  const { back, leader } = await readSites(ports, request);
  if (plan.state !== 'follows') {
    await untilFullBackup(ports, leader, plan);
    await using cluster = await ports.openCluster(back.cluster);
    if (plan.state === 'to-empty') {
      if (back.outputs.leads) await fenceOld(ports, back, plan);
      await empty(ports, cluster, back, plan);
      // From here on the volumes belong to the next life: nothing deletes them.
      await configure(back, plan);
    }
    await letIn(cluster, back);
    const { progress, signal } = ports;
    await bringUp({ stack: back.engine, step: 'reseed', progress, signal });
    await startDatabase(cluster, plan.namespace);
  }
  const lsn = await untilFollows(ports, leader, back);
  return { plan, followsAt: formatLsn(lsn) };
}
