/** Checks beyond the schema: names must agree with the plan, and folders must not lie in one another. */
import { didYouMeanOrAll } from '../../plan/nearest.ts';
import type { Plan } from '../../plan/types.ts';
import { badInput } from '../core/errors.ts';
import { folderOf, locationOf } from '../storage/backends.ts';
import { type Environment, isOnOtherHost } from './environment.ts';
import { withRealFolders } from './real-folders.ts';

function liesIn(inner: string, outer: string): boolean {
  return `${inner}/`.startsWith(outer === '/' ? '/' : `${outer}/`);
}

const UNPLANNED = 'the plan has no';

function unknownNames(what: string, given: readonly string[], known: readonly string[]): string[] {
  return given
    .filter((name) => !known.includes(name))
    .map((name) => `${what}.${name}: ${UNPLANNED} "${name}".${didYouMeanOrAll(name, known)}`);
}

function doubledLocations(environment: Environment): string[] {
  const known = new Map<string, string>();
  return Object.entries(environment.repositories).flatMap(([id, settings]) => {
    const location = locationOf(settings);
    const other = known.get(location);
    known.set(location, id);
    return other === undefined ? [] : [`repositories.${id}: is the same location as "${other}" (${location})`];
  });
}

/** Folders that a restore replaces, by the field that names them. */
function targets(environment: Environment): { field: string; path: string }[] {
  const { postgres, redis, folders } = environment;
  return [
    ...(postgres && !isOnOtherHost(postgres) ? [{ field: 'postgres.dataDir', path: folderOf(postgres.dataDir) }] : []),
    ...(redis && !isOnOtherHost(redis) ? [{ field: 'redis.dataDir', path: folderOf(redis.dataDir) }] : []),
    ...Object.entries(folders).map(([id, { path }]) => ({ field: `folders.${id}.path`, path: folderOf(path) })),
  ];
}

/** A copy that lies beside or inside of its original is lost together with it, or overwritten by its own restore. */
function overlaps(environment: Environment): string[] {
  const found = targets(environment);
  const repositories = Object.entries(environment.repositories).flatMap(([id, settings]) =>
    settings.type === 'posix' ? [{ field: `repositories.${id}.path`, path: folderOf(settings.path) }] : [],
  );
  const state = { field: 'stateDir', path: folderOf(environment.stateDir) };
  const inRepository = [...found, state].flatMap((target) =>
    repositories
      .filter(({ path }) => liesIn(target.path, path))
      .map((r) => `${target.field}: ${target.path} lies in the repository itself (${r.field}: ${r.path})`),
  );
  const holding = found.flatMap((target) =>
    [...repositories, state]
      .filter((inner) => liesIn(inner.path, target.path) && (inner === state || inner.path !== target.path))
      .map(
        (inner) =>
          `${target.field}: ${target.path} holds ${inner.field} (${inner.path}), which a restore would replace`,
      ),
  );
  const shared = found.flatMap((target, i) =>
    found
      .slice(0, i)
      .filter(({ path }) => liesIn(target.path, path) || liesIn(path, target.path))
      .map((other) => `${target.field}: ${target.path} and ${other.field} (${other.path}) lie in one another`),
  );
  return [...inRepository, ...holding, ...shared];
}

/** As they are written; and where nothing is wrong with that, as they really are. */
function placesOf(environment: Environment): string[] {
  const facts = (of: Environment): string[] => [...doubledLocations(of), ...overlaps(of)];
  const written = facts(environment);
  return written.length > 0 ? written : facts(withRealFolders(environment)).map((fact) => `${fact}, by a link`);
}

/** Fields that are useless or wrong for a store on another host. */
function aboutOtherHosts({ postgres, redis, generation, mover }: Environment): string[] {
  const facts: string[] = [];
  if (postgres?.tls !== undefined) {
    if (postgres.host === undefined)
      facts.push('postgres.host: is missing; postgres.tls is for a server on another host');
    const local = (['control', 'configDir', 'logFile'] as const).filter((field) => postgres[field] !== undefined);
    for (const field of local)
      facts.push(`postgres.${field}: is for a server of this host, and with postgres.tls the server is on another`);
  }
  if (generation !== undefined && postgres?.tls === undefined && mover !== true)
    facts.push('generation: goes with postgres.tls; a server of this host has its generations counted by dr');
  if (redis?.transfer === 'replication') {
    if (redis.host === undefined)
      facts.push('redis.host: is missing; redis.transfer: replication is for a server on another host');
    const local = (['socket', 'control', 'configFile'] as const).filter((field) => redis[field] !== undefined);
    for (const field of local)
      facts.push(
        `redis.${field}: is for a server of this host, and with redis.transfer: replication the server is on another`,
      );
  }
  return facts;
}

/** Bytes of a socket's path, without the NUL at its end. */
const LONGEST_SOCKET = 107;

/** The system takes no longer ones: such a server can be neither reached nor started. */
function longSockets({ postgres, redis }: Environment): string[] {
  const server = postgres?.host === undefined ? postgres : undefined;
  const sockets = [
    ...(server === undefined ? [] : [['postgres.socketDir', `${server.socketDir}/.s.PGSQL.${server.port}`] as const]),
    ...(redis?.socket === undefined ? [] : [['redis.socket', redis.socket] as const]),
  ];
  return sockets.flatMap(([field, path]) => {
    const bytes = Buffer.byteLength(path);
    return bytes <= LONGEST_SOCKET
      ? []
      : [`${field}: the path of the socket has ${bytes} bytes (${path}), and the system takes ${LONGEST_SOCKET}`];
  });
}

/** Two servers behind one name: a restore could not say which of them its data goes to. */
function aboutExternal({ external, postgres, redis }: Environment): string[] {
  const both = [
    ...(external?.postgres && postgres ? ['postgres'] : []),
    ...(external?.redis && redis ? ['redis'] : []),
  ];
  const tls = (['postgres', 'redis'] as const).flatMap((name) => {
    const { tls: mode, ca } = external?.[name] ?? {};
    return ca !== undefined && mode !== 'verify-full' ? [{ name, mode }] : [];
  });
  return [
    ...both.map((name) => `external.${name}: names a second server beside ${name}; leave one of the two out`),
    ...tls.map(({ name, mode }) => `external.${name}.ca: is not asked with tls: ${mode}; write tls: verify-full`),
  ];
}

/** Objects come from the API or from a folder: with both, nobody would capture the folder. */
function aboutObjects({ kubernetes, folders }: Environment, plan: Plan): string[] {
  if (kubernetes === undefined) return [];
  const holders = plan.workloads.filter(({ objects }) => objects !== undefined).map(({ id }) => id);
  if (holders.length === 0)
    return [
      'kubernetes: no workload of the plan holds objects; write objects: manifests and the like into those that do',
    ];
  return holders
    .filter((id) => folders[id] !== undefined)
    .map((id) => `folders.${id}: comes from the API of the cluster (kubernetes); leave one of the two out`);
}

/** It would stand in argument lists and in the mirror's own configuration. The address is not shown: it holds the secret. */
function passwordsInUrls(environment: Environment): string[] {
  return (environment.git?.repositories ?? [])
    .filter(({ url }) => /^[a-z+]+:\/\/[^/@]*:[^/@]*@/i.test(url))
    .map(({ name }) => `git.repositories.${name}.url: holds a password; let git ask a credential helper or use a key`);
}

/** Throws `ENV-INVALID` (exit 2) with all problems. */
export function checkSite(environment: Environment, plan: Plan, file: string): void {
  const workloads = plan.workloads.map((w) => w.id);
  const services = plan.tiers.flatMap((t) => t.services.map((s) => s.id));
  const facts = [
    ...unknownNames('folders', Object.keys(environment.folders), workloads),
    ...unknownNames('volumes', Object.keys(environment.volumes ?? {}), workloads),
    ...Object.keys(environment.volumes ?? {})
      .filter((id) => environment.folders[id] !== undefined)
      .map((id) => `volumes.${id}: is a folder of this host too (folders.${id}); leave one of the two out`),
    ...unknownNames(
      'extensions',
      Object.keys(environment.extensions ?? {}),
      plan.workloads.map((w) => w.type),
    ),
    ...unknownNames('services', Object.keys(environment.services), services),
    ...unknownNames(
      'integrations',
      Object.keys(environment.integrations),
      plan.integrations.map(({ id }) => id),
    ),
    ...unknownNames(
      'repositories',
      Object.keys(environment.repositories),
      plan.repositories.map((r) => r.id),
    ),
    ...unknownNames(
      'kubernetes.claims',
      Object.values(environment.kubernetes?.claims ?? {}).filter((id) => id !== 'none'),
      workloads,
    ),
    ...placesOf(environment),
    ...longSockets(environment),
    ...passwordsInUrls(environment),
    ...aboutOtherHosts(environment),
    ...aboutExternal(environment),
    ...aboutObjects(environment, plan),
  ];
  if (facts.length > 0) {
    // The plan that is shipped has four repositories; others need a plan of one's own.
    const isUnplanned = facts.some((fact) => fact.includes(UNPLANNED));
    const own = isUnplanned
      ? '; what the plan lacks goes there first: `dr plan show -o json > plan.json`, then plan: /absolute/path/plan.json in this file'
      : '';
    const hint = `fix these fields; nothing was changed${own}`;
    throw badInput({ code: 'ENV-INVALID', where: file, fact: facts.join('\n'), hint });
  }
}
