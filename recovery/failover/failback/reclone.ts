/**
 * Makes a site that led, or followed another lineage, a standby of the leader in its next generation. Its progress is in the clusters and
 * in the stack's config, so a run after a `kill -9` resumes from there.
 */
import { allNamespaces } from '../../../plan/declared/namespaces.ts';
import { DrError } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import type { SiteCluster } from '../../kubernetes/site-cluster.ts';
import { whileWatching } from '../../kubernetes/troubles/watch.ts';
import { formatLsn, type Lsn } from '../../points/wal-segment.ts';
import { leaderOf, membersOf, POSTGRES_APP, switchWal } from '../../workloads/postgres/members.ts';
import { deleteClaims, startSet } from '../members.ts';
import { type FailoverPorts, pollOptions } from '../ports.ts';
import { raiseEverywhere } from '../raise.ts';
import type { SiteStack } from '../stack.ts';
import { stopSite } from '../stop-site.ts';
import { bringUp } from '../up.ts';
import { waitsOf } from '../waits.ts';
import { copiesOf, noCopy } from './follow-from.ts';
import { noFullBackup, readSites } from './plan.ts';
import type { FailbackRequest, ReclonePlan, RecloneReport } from './types.ts';

/** For the restore of a full backup and the replay of WAL: as long as the plan's RTO of critical services. */
const FOLLOW_SECONDS = 4 * 3600;

/** Stops the site and deletes what the next generation must not find. */
async function empty(ports: FailoverPorts, cluster: SiteCluster, back: SiteStack, plan: ReclonePlan): Promise<void> {
  const { namespaces } = back.outputs;
  const { platform } = namespaces;
  if (!(await cluster.hasNamespace(platform))) return;
  const why = `failback of stack ${plan.stack}: ${plan.lineage} has ended`;
  await stopSite({ cluster, namespaces, why, ports });
  await deleteClaims(ports, cluster, { namespace: platform, claims: plan.claims, step: 'reseed' });
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
      if (back.outputs.leads) {
        const what = `dr failback --stack ${plan.stack} --of ${plan.of}`;
        await raiseEverywhere(ports, back, { lineage: plan.lineage, successor: plan.leader.lineage, what });
      }
      await empty(ports, cluster, back, plan);
      // From here on the volumes belong to the next generation: nothing deletes them.
      await configure(back, plan);
    }
    await unfence(cluster, back);
    const { progress, signal } = ports;
    await bringUp({ stack: back.engine, step: 'reseed', progress, signal, waits: waitsOf(ports, back) });
    await startSet(cluster, plan.namespace, POSTGRES_APP);
  }
  const lsn = await whileWatching(waitsOf(ports, back), () => waitUntilFollows(ports, leader, back));
  return { plan, followsAt: formatLsn(lsn) };
}
