/** Stops a site so that it can't lead: its backups, then its services, then its database, which ships its WAL when it stops. */
import { allNamespaces, type Namespaces, platformNamespaces } from '../../plan/declared/namespaces.ts';
import { DrError } from '../core/errors.ts';
import { type PollOptions, poll } from '../core/poll.ts';
import type { Scalable, SiteCluster } from '../kubernetes/site-cluster.ts';
import { formatLsn, type Lsn } from '../points/wal-segment.ts';
import { endWrites, leaderOf, POSTGRES_APP, switchWal } from '../workloads/postgres/members.ts';
import { type FailoverPorts, pollOptions } from './ports.ts';

export interface Stopped {
  /** All WAL up to here is in finished segments. Undefined where no leader answered. */
  readonly lsn: Lsn | undefined;
  readonly pods: readonly string[];
}

interface Stop {
  readonly cluster: SiteCluster;
  readonly namespaces: Namespaces;
  /** Reason, noted on the quota that refuses pods. */
  readonly why: string;
  readonly ports: Pick<FailoverPorts, 'progress' | 'signal' | 'timeoutFactor'>;
  /**
   * Called when nothing is written any more and the database still runs: once it is stopped it ships no WAL. What it throws leaves the
   * database running.
   */
  readonly beforeDatabase?: (written: Lsn) => Promise<void>;
  /** Services stop one group after the other. @default all at once */
  readonly inGroups?: (services: readonly Scalable[]) => readonly (readonly Scalable[])[];
  /** Stores of the stack that go on running. @default none */
  readonly keeps?: readonly string[];
}

/** The pods' grace period is two minutes, for a fast shutdown of PostgreSQL; a slow node may take as long again. */
const STOP_SECONDS = 300;

const isDatabase = ({ name }: Scalable): boolean => name === POSTGRES_APP;

interface Place {
  readonly namespace: string;
  /** Whether PostgreSQL of the stack is there: elsewhere a pod of that name is a service like any other. */
  readonly stores: boolean;
}

async function untilGone(
  cluster: SiteCluster,
  places: readonly Place[],
  { database, keeps }: { readonly database: boolean; readonly keeps: readonly string[] },
  timeout: PollOptions,
): Promise<void> {
  const wanted = ({ stores }: Place, app: string): boolean =>
    (stores && app === POSTGRES_APP) === database && !(stores && keeps.includes(app));
  const serving = async (place: Place) =>
    (await cluster.pods(place.namespace)).filter(({ app, serves }) => serves && wanted(place, app));
  const { answer: left, accepted } = await poll(
    timeout,
    async () => (await Promise.all(places.map(serving))).flat(),
    (pods) => pods.length === 0,
  );
  if (accepted) return;
  throw new DrError({
    code: 'FENCE-INCOMPLETE',
    where: `${cluster.describe}, ${places.map(({ namespace }) => namespace).join(', ')}`,
    fact: `these pods still run after ${timeout.seconds} s: ${left.map(({ name }) => name).join(', ')}`,
    hint: 'an unreachable node keeps its pods: power it off, delete its Node (kubectl delete node NAME), and run the same command again',
  });
}

/** Later groups begin when no pod of this one serves. One that never gets there shows in the wait for all pods. */
async function untilIdle(cluster: SiteCluster, group: readonly Scalable[], timeout: PollOptions): Promise<void> {
  const isOne = (each: Scalable): boolean =>
    group.some(({ kind, namespace, name }) => kind === each.kind && namespace === each.namespace && name === each.name);
  const namespaces = [...new Set(group.map(({ namespace }) => namespace))];
  await poll(
    timeout,
    async () => (await Promise.all(namespaces.map((name) => cluster.scalables(name)))).flat().filter(isOne),
    (found) => found.every(({ ready }) => ready === 0),
  );
}

/** May be repeated after a killed run. Throws `FENCE-INCOMPLETE`, and what `beforeDatabase` throws. */
export async function stopSite(stop: Stop): Promise<Stopped> {
  const { cluster, namespaces: site, why, ports, beforeDatabase, inGroups = (all) => [all], keeps = [] } = stop;
  const { progress } = ports;
  const { platform, existing } = site;
  const step = 'fence/cluster';
  const report = (title: string, detail?: string): void =>
    progress({ step, title, state: 'progress', ...(detail === undefined ? {} : { detail }) });
  progress({ step, title: `stop the old site in ${cluster.describe}`, state: 'start' });
  const timeout = pollOptions(ports, STOP_SECONDS);
  const places = platformNamespaces(site).map((namespace) => ({ namespace, stores: namespace === platform }));
  const running = (await Promise.all(places.map(({ namespace }) => cluster.pods(namespace)))).flat();
  const before = running.filter(({ serves }) => serves).map(({ name }) => name);
  // First, so that no autoscaler and no other `up` starts new pods.
  const all = allNamespaces(site);
  const exist = await Promise.all(all.map((name) => cluster.hasNamespace(name)));
  const namespaces = all.filter((_, i) => exist[i]);
  for (const namespace of namespaces) await cluster.refusePods(namespace, why);
  for (const namespace of namespaces) {
    for (const schedule of await cluster.schedules(namespace)) await cluster.suspend(schedule);
  }
  const inStores = await cluster.scalables(platform);
  const elsewhere = (await Promise.all(existing.map((name) => cluster.scalables(name)))).flat();
  const stays = (each: Scalable): boolean => each.kind === 'StatefulSet' && keeps.includes(each.name);
  const services = [...inStores.filter((each) => !isDatabase(each) && !stays(each)), ...elsewhere];
  report('scale the services of the old site to zero', services.map(({ name }) => name).join(', '));
  const groups = inGroups(services);
  for (const group of groups) {
    await Promise.all(group.map((each) => cluster.stop(each)));
    if (groups.length > 1) await untilIdle(cluster, group, timeout);
  }
  await untilGone(cluster, places, { database: false, keeps }, timeout);
  const leader = await leaderOf(cluster, platform);
  if (leader !== undefined) await endWrites(cluster, platform, leader);
  const lsn = leader && (await switchWal(cluster, platform, leader));
  const written = lsn === undefined ? undefined : `it has written up to ${formatLsn(lsn)}`;
  if (lsn !== undefined) await beforeDatabase?.(lsn);
  report('scale the database of the old site to zero', written);
  await Promise.all(inStores.filter(isDatabase).map((each) => cluster.stop(each)));
  await untilGone(cluster, places, { database: true, keeps }, timeout);
  progress({ step, title: `stop the old site in ${cluster.describe}`, state: 'done', detail: `${before.length} pods` });
  return { lsn, pods: before };
}
