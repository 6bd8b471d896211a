/** One look at this host: what runs here, asked by questions that change nothing and that end in time. */
import { dataSourceOf } from '../../../plan/data-source.ts';
import type { Plan } from '../../../plan/types.ts';
import type { Run } from '../../core/process.ts';
import { ask, type Evidence, type Unanswered } from '../found.ts';
import { type FoundFolder, findFolders, imageStores, type Place } from './folders.ts';
import { type FoundRepository, findRepositories } from './git.ts';
import { mountedData } from './mounts.ts';
import { findPostgres, type PostgresServer } from './postgres.ts';
import { prometheusFolders } from './prometheus.ts';
import { findRedis, type RedisServer } from './redis.ts';
import { runningUnits, type Unit } from './units.ts';

/** What a person has said on the command line. */
export interface HostChoices {
  /** Places to look for folders and repositories. Empty: where services write, and what is mounted. */
  readonly look: readonly string[];
  /** Data directory of the PostgreSQL that is meant. */
  readonly postgres?: string | undefined;
  readonly postgresPassword?: string | undefined;
  readonly database?: string | undefined;
  /** Socket or host:port of the Redis that is meant. */
  readonly redis?: string | undefined;
  readonly redisPassword?: string | undefined;
  /** What a file that was written before names: taken where it still runs. */
  readonly before?: { readonly postgres?: string | undefined; readonly redis?: string | undefined } | undefined;
  /** Workload → folder. */
  readonly folders: ReadonlyMap<string, string>;
}

export interface HostFacts {
  readonly postgres: readonly PostgresServer[];
  readonly redis: readonly RedisServer[];
  readonly units: readonly Unit[];
  readonly places: readonly Place[];
  readonly folders: readonly FoundFolder[];
  readonly repositories: readonly FoundRepository[];
  readonly imageStores: readonly Evidence[];
  readonly prometheus: readonly string[];
  /** Of the look itself. What a server did not answer stands with the server. */
  readonly unanswered: readonly Unanswered[];
}

function placesOf(units: readonly Unit[], mounts: readonly { path: string; type: string }[], look: readonly string[]) {
  if (look.length > 0) return look.map((path): Place => ({ path, by: '--look' }));
  const all: Place[] = [
    ...units.flatMap(({ name, folders }) =>
      folders.map(({ path, property }) => ({ path, by: `${property} of ${name}` })),
    ),
    ...mounts.map(({ path, type }) => ({ path, by: `mounted (${type})` })),
  ];
  return all.filter(({ path }, i) => all.findIndex((other) => other.path === path) === i);
}

/** Asks each place by itself: one that hangs leaves the others answered. */
async function inEach<T>(places: readonly Place[], question: (place: Place) => Promise<readonly T[]>) {
  const answers = await Promise.all(places.map((place) => ask(place.path, () => question(place))));
  return {
    values: answers.flatMap(({ value }) => value ?? []),
    unanswered: answers.flatMap(({ unanswered }) => unanswered ?? []),
  };
}

function unique<T extends { readonly path: string }>(found: readonly T[]): T[] {
  return [...new Map(found.map((each) => [each.path, each])).values()];
}

export async function lookAtHost(run: Run, plan: Plan, choices: HostChoices): Promise<HostFacts> {
  const inFolders = plan.workloads.filter((workload) => dataSourceOf(workload) === 'folders');
  const isAsked = (dataDir: string): boolean => choices.postgres === undefined || choices.postgres === dataDir;
  const [postgres, redis, units, mounts, stores, prometheus] = await Promise.all([
    findPostgres(run, { isAsked, passwordFile: choices.postgresPassword }),
    findRedis({ passwordFile: choices.redisPassword }, choices.redis),
    ask('systemd', () => runningUnits(run)),
    mountedData(),
    ask('image stores', imageStores),
    prometheusFolders(),
  ]);
  const places = placesOf(units.value ?? [], mounts, choices.look);
  const [folders, repositories] = await Promise.all([
    inEach(places, (place) => findFolders(place, inFolders)),
    inEach(places, (place) => findRepositories(run, place)),
  ]);
  const unanswered = [units, stores].flatMap((answer) => answer.unanswered ?? []);
  return {
    postgres,
    redis,
    units: units.value ?? [],
    places,
    folders: unique(folders.values),
    repositories: unique(repositories.values),
    imageStores: stores.value ?? [],
    prometheus,
    unanswered: [...unanswered, ...folders.unanswered, ...repositories.unanswered],
  };
}
