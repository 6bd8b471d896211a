/** Stops a site so that it can't lead: its copies, then its services, then its database, which ships its WAL on the way out. */
import { DrError } from '../core/errors.ts';
import type { Scalable, SiteCluster } from '../kubernetes/site-cluster.ts';
import { formatLsn, type Lsn } from '../points/wal.ts';
import { endWrites, leaderOf, POSTGRES_APP, switchWal } from '../workloads/postgres/members.ts';
import { type Patience, patience, until } from './poll.ts';
import type { FailoverPorts } from './ports.ts';

export interface Stopped {
  /** Up to here everything that its database wrote was in finished segments. Undefined where no leader answered. */
  readonly lsn: Lsn | undefined;
  readonly pods: readonly string[];
}

interface Stop {
  readonly cluster: SiteCluster;
  readonly platform: string;
  readonly recovery: string;
  /** Why: stands beside what refuses the pods. */
  readonly why: string;
  readonly ports: Pick<FailoverPorts, 'progress' | 'signal' | 'patience'>;
}

/** A fast shutdown of PostgreSQL may take two minutes, and a node that is slow as long again. */
const STOP_SECONDS = 300;

const isDatabase = ({ name }: Scalable): boolean => name === POSTGRES_APP;

async function untilGone(
  cluster: SiteCluster,
  namespace: string,
  wanted: (app: string) => boolean,
  wait: Patience,
): Promise<void> {
  const { seen, done } = await until(
    wait,
    async () => (await cluster.pods(namespace)).filter(({ app, serves }) => serves && wanted(app)),
    (pods) => pods.length === 0,
  );
  if (done) return;
  throw new DrError({
    code: 'FENCE-INCOMPLETE',
    where: `${cluster.describe}, namespace ${namespace}`,
    fact: `after ${wait.seconds} s there are still ${seen.map(({ name }) => name).join(', ')}`,
    hint: 'a node that does not answer keeps its pods: switch it off and delete its Node object, then run the same command again',
  });
}

/** Also after a run that was killed: each step finds what is done. Throws `FENCE-INCOMPLETE`. */
export async function stopSite({ cluster, platform, recovery, why, ports }: Stop): Promise<Stopped> {
  const { progress } = ports;
  const step = 'fence/cluster';
  const say = (title: string, detail?: string): void =>
    progress({ step, title, state: 'progress', ...(detail === undefined ? {} : { detail }) });
  progress({ step, title: `stop the old site in ${cluster.describe}`, state: 'start' });
  const wait = patience(ports, STOP_SECONDS);
  const before = (await cluster.pods(platform)).filter(({ serves }) => serves).map(({ name }) => name);
  // First: whoever else wants pods there, an autoscaler or another `up`, gets none.
  const there = await Promise.all([platform, recovery].map((name) => cluster.hasNamespace(name)));
  const namespaces = [platform, recovery].filter((_, i) => there[i]);
  for (const namespace of namespaces) await cluster.refusePods(namespace, why);
  for (const namespace of namespaces) {
    for (const schedule of await cluster.schedules(namespace)) await cluster.suspend(schedule);
  }
  const all = await cluster.scalables(platform);
  const services = all.filter((each) => !isDatabase(each));
  say('services of the old site to zero', services.map(({ name }) => name).join(', '));
  await Promise.all(services.map((each) => cluster.stop(each)));
  await untilGone(cluster, platform, (app) => app !== POSTGRES_APP, wait);
  const leader = await leaderOf(cluster, platform);
  if (leader !== undefined) await endWrites(cluster, platform, leader);
  const lsn = leader && (await switchWal(cluster, platform, leader));
  say('database of the old site to zero', lsn === undefined ? undefined : `it has written up to ${formatLsn(lsn)}`);
  await Promise.all(all.filter(isDatabase).map((each) => cluster.stop(each)));
  await untilGone(cluster, platform, (app) => app === POSTGRES_APP, wait);
  progress({ step, title: `stop the old site in ${cluster.describe}`, state: 'done', detail: `${before.length} pods` });
  return { lsn, pods: before };
}
