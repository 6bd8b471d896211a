/** Stops a site so that it can't lead: its copies, then its services, then its database, which ships its WAL on the way out. */
import { DrError } from '../errors.ts';
import type { Progress } from '../ports.ts';
import { leaderOf, POSTGRES_APP, switchWal } from './database.ts';
import { formatLsn, type Lsn } from './lsn.ts';
import { type Patience, until } from './poll.ts';
import type { Scalable, SiteCluster } from './ports.ts';

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
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A fast shutdown of PostgreSQL may take two minutes, and a node that is slow as long again. */
const STOP_SECONDS = 300;

const isDatabase = ({ name }: Scalable): boolean => name === POSTGRES_APP;

async function untilGone(
  cluster: SiteCluster,
  namespace: string,
  wanted: (app: string) => boolean,
  patience: Patience,
): Promise<void> {
  const { seen, done } = await until(
    patience,
    async () => (await cluster.pods(namespace)).filter(({ app, serves }) => serves && wanted(app)),
    (pods) => pods.length === 0,
  );
  if (done) return;
  throw new DrError({
    code: 'FENCE-INCOMPLETE',
    where: `${cluster.describe}, namespace ${namespace}`,
    fact: `after ${patience.seconds} s there are still ${seen.map(({ name }) => name).join(', ')}`,
    hint: 'a node that does not answer keeps its pods: switch it off and delete its Node object, then run the same command again',
  });
}

/** Also after a run that was killed: each step finds what is done. Throws `FENCE-INCOMPLETE`. */
export async function stopSite({ cluster, platform, recovery, why, progress, signal }: Stop): Promise<Stopped> {
  const step = 'fence/cluster';
  const say = (title: string, detail?: string): void =>
    progress({ step, title, state: 'progress', ...(detail === undefined ? {} : { detail }) });
  progress({ step, title: `stop the old site in ${cluster.describe}`, state: 'start' });
  const patience = { seconds: STOP_SECONDS, signal };
  const before = (await cluster.pods(platform)).filter(({ serves }) => serves).map(({ name }) => name);
  // First: whoever else wants pods there, an autoscaler or another `up`, gets none.
  for (const namespace of [platform, recovery]) await cluster.refusePods(namespace, why);
  for (const namespace of [platform, recovery]) {
    for (const schedule of await cluster.schedules(namespace)) await cluster.suspend(schedule);
  }
  const all = await cluster.scalables(platform);
  const services = all.filter((each) => !isDatabase(each));
  say('services of the old site to zero', services.map(({ name }) => name).join(', '));
  await Promise.all(services.map((each) => cluster.stop(each)));
  await untilGone(cluster, platform, (app) => app !== POSTGRES_APP, patience);
  const leader = await leaderOf(cluster, platform);
  const lsn = leader && (await switchWal(cluster, platform, leader));
  say('database of the old site to zero', lsn === undefined ? undefined : `it has written up to ${formatLsn(lsn)}`);
  await Promise.all(all.filter(isDatabase).map((each) => cluster.stop(each)));
  await untilGone(cluster, platform, (app) => app === POSTGRES_APP, patience);
  progress({ step, title: `stop the old site in ${cluster.describe}`, state: 'done', detail: `${before.length} pods` });
  return { lsn, pods: before };
}
