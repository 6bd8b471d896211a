/**
 * Makes a site that led, or followed another lineage, a standby of the leader in its next generation. Its progress is in the clusters and
 * in the stack's config, so a run after a `kill -9` resumes from there.
 */
import { allNamespaces } from '../../../plan/declared/namespaces.ts';
import { DrError } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import type { SiteCluster } from '../../kubernetes/site-cluster.ts';
import { whileWatching } from '../../kubernetes/troubles/watch.ts';
import { raiseFence } from '../../points/fence.ts';
import type { Fence } from '../../points/fence-document.ts';
import { formatLsn, type Lsn } from '../../points/wal-segment.ts';
import { leaderOf, membersOf, POSTGRES_APP, switchWal } from '../../workloads/postgres/members.ts';
import { type FailoverPorts, pollOptions } from '../ports.ts';
import { type SiteStack, signingKeyOf } from '../stack.ts';
import { stopSite } from '../stop-site.ts';
import { bringUp } from '../up.ts';
import { waitsOf } from '../waits.ts';
import { copiesOf, noCopy } from './follow-from.ts';
import { noFullBackup, readSites } from './plan.ts';
import type { FailbackRequest, ReclonePlan, RecloneReport } from './types.ts';

/** Endpoints that hold the state of Patroni's cluster. */
const PATRONI = ['', '-config', '-failover', '-sync'].map((suffix) => `${POSTGRES_APP}${suffix}`);
/** For the restore of a full backup and the replay of WAL: as long as the plan's RTO of critical services. */
const FOLLOW_SECONDS = 4 * 3600;
/** Kubernetes deletes a claim once its pods are gone, and stop-site.ts has waited for those. */
const CLAIMS_SECONDS = 120;

async function fenceOld(ports: FailoverPorts, back: SiteStack, plan: ReclonePlan): Promise<void> {
  const what = `dr failback --stack ${plan.stack} --of ${plan.of}`;
  const fences: Fence[] = [];
  let last: unknown;
  for (const place of Object.values(back.storage)) {
    const request = {
      lineage: plan.lineage,
      successor: plan.leader.lineage,
      what,
      now: ports.now(),
      key: signingKeyOf(back),
    };
    try {
      fences.push(await raiseFence(await ports.openStorage(place), back.layout, request));
    } catch (error) {
      if (!(error instanceof DrError) || error.code === 'FENCE-TAKEN') throw error;
      last = error;
    }
  }
  if (fences.length === 0) throw last;
}

/** Stops the site and deletes what the next generation must not find. */
async function empty(ports: FailoverPorts, cluster: SiteCluster, back: SiteStack, plan: ReclonePlan): Promise<void> {
  const { namespaces } = back.outputs;
  const { platform } = namespaces;
  if (!(await cluster.hasNamespace(platform))) return;
  const why = `failback of stack ${plan.stack}: ${plan.lineage} has ended`;
  await stopSite({ cluster, namespaces, why, ports });
  for (const claim of plan.claims) {
    await cluster.deleteClaim(platform, claim);
    ports.progress({ step: `reseed/${claim}`, title: `delete the claim ${claim}`, state: 'done' });
  }
  const { accepted, answer: left } = await poll(
    pollOptions(ports, CLAIMS_SECONDS),
    async () => (await cluster.claims(platform)).filter((name) => plan.claims.includes(name)),
    (claims) => claims.length === 0,
  );
  if (!accepted) {
    throw new DrError({
      code: 'CLAIMS-STUCK',
      where: plan.namespace,
      fact: `${left.join(', ')} still exist after two minutes`,
      hint: `a pod mounts them or a finalizer holds them: kubectl -n ${plan.namespace} describe pvc; then run the same command again`,
    });
  }
  for (const endpoints of PATRONI) await cluster.deleteEndpoints(platform, endpoints);
}

async function configure(back: SiteStack, plan: ReclonePlan): Promise<void> {
  const { site, generation } = plan.leader;
  const { standby } = await back.engine.config();
  // Which services it keeps scaled to zero or active is this site's own setting. Where another lineage ended is not.
  const { end: _, ...kept }: { end?: unknown } = typeof standby?.value === 'object' ? { ...standby.value } : {};
  await back.engine.setConfig({
    role: { value: 'standby' },
    generation: { value: plan.next.generation },
    standby: { value: { ...kept, of: { site, generation }, repository: plan.repository } },
  });
}

/** Undoes what the fence has stopped and the stack does not manage. Services stay at zero until the site leads. */
async function unfence(cluster: SiteCluster, back: SiteStack): Promise<void> {
  for (const namespace of allNamespaces(back.outputs.namespaces)) {
    if (!(await cluster.hasNamespace(namespace))) continue;
    // Those of the platform would run beside a database that only follows: they are started with its services.
    const own = namespace === back.outputs.namespaces.recovery ? await cluster.schedules(namespace) : [];
    for (const schedule of own) await cluster.unsuspend(schedule);
    await cluster.admitPods(namespace);
  }
}

/** An `up` without refresh compares with its own state and does not notice that the database was scaled to zero. */
async function startDatabase(cluster: SiteCluster, namespace: string): Promise<void> {
  const database = (await cluster.scalables(namespace)).find(({ name }) => name === POSTGRES_APP);
  if (database?.replicas === 0) await cluster.resume(database);
}

/** Waits until the standby has replayed the leader's present position. */
async function waitUntilFollows(ports: FailoverPorts, leader: SiteStack, back: SiteStack): Promise<Lsn> {
  await using leaderCluster = await ports.openCluster(leader.cluster);
  await using backCluster = await ports.openCluster(back.cluster);
  const platform = leader.outputs.namespaces.platform;
  const leading = await leaderOf(leaderCluster, platform);
  if (leading === undefined) {
    const fact = `no member of PostgreSQL in ${platform} takes writes`;
    throw new DrError({
      code: 'NO-LEADER',
      where: `stack ${leader.name}`,
      fact,
      hint: `kubectl -n ${platform} get pods`,
    });
  }
  const target = await switchWal(leaderCluster, platform, leading);
  const step = 'reseed/follow';
  const title = `${back.name} follows ${leader.outputs.lineage}`;
  ports.progress({ step, title, state: 'start', detail: `up to ${formatLsn(target)}` });
  const { answer: replayed, accepted } = await poll(
    pollOptions(ports, FOLLOW_SECONDS),
    async () => (await membersOf(backCluster, back.outputs.namespaces.platform)).find(({ follows }) => follows)?.lsn,
    (lsn) => lsn !== undefined && lsn >= target,
  );
  if (accepted) {
    ports.progress({ step, title, state: 'done' });
    return target;
  }
  throw new DrError({
    code: 'STANDBY-BEHIND',
    where: `stack ${back.name}`,
    fact: `it has replayed up to ${replayed === undefined ? 'nothing' : formatLsn(replayed)}, but the leader was at ${formatLsn(target)}`,
    hint: `kubectl -n ${back.outputs.namespaces.platform} logs postgres-0; run the same command again to keep waiting`,
  });
}

/** Before anything is deleted: a standby is cloned from a full backup of the leader's own lineage. */
async function waitForFullBackup(ports: FailoverPorts, leader: SiteStack, plan: ReclonePlan): Promise<void> {
  await using cluster = await ports.openCluster(leader.cluster);
  const step = 'reseed/full-backup';
  const title = `first full backup of ${plan.leader.lineage}`;
  const inspect = () => cluster.job(leader.outputs.namespaces.recovery, `dr-full-${plan.leader.lineage}`);
  if ((await inspect()) === 'running') ports.progress({ step, title, state: 'start' });
  const { answer } = await whileWatching(waitsOf(ports, leader), () =>
    poll(pollOptions(ports, FOLLOW_SECONDS), inspect, (state) => state !== 'running'),
  );
  if (answer === 'running' || answer === 'failed') throw noFullBackup(plan);
  ports.progress({ step, title, state: 'done' });
}

export async function reclone(
  ports: FailoverPorts,
  request: FailbackRequest,
  plan: ReclonePlan,
): Promise<RecloneReport> {
  const { back, leader } = await readSites(ports, request);
  if (plan.state !== 'follows') {
    await waitForFullBackup(ports, leader, plan);
    const missing = noCopy({ ...plan, copies: await copiesOf(ports, back, plan.leader.lineage) });
    if (missing !== undefined) throw missing;
    await using cluster = await ports.openCluster(back.cluster);
    if (plan.state === 'to-empty') {
      if (back.outputs.leads) await fenceOld(ports, back, plan);
      await empty(ports, cluster, back, plan);
      // From here on the volumes belong to the next generation: nothing deletes them.
      await configure(back, plan);
    }
    await unfence(cluster, back);
    const { progress, signal } = ports;
    await bringUp({ stack: back.engine, step: 'reseed', progress, signal, waits: waitsOf(ports, back) });
    await startDatabase(cluster, plan.namespace);
  }
  const lsn = await whileWatching(waitsOf(ports, back), () => waitUntilFollows(ports, leader, back));
  return { plan, followsAt: formatLsn(lsn) };
}
