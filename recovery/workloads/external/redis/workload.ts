/** Redis of a server that stays where it is: its snapshot by the replication protocol, and its keys back into it or into another one. */
import { chown, copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../../../plan/types.ts';
import type { ExternalRedis } from '../../../config/external.ts';
import type { Site } from '../../../config/site.ts';
import { lookUpAccount } from '../../../core/account.ts';
import { makeTempFolder } from '../../../core/files/temp-folder.ts';
import { notCopiedFacts } from '../../../points/not-copied.ts';
import { discard, freshFolder } from '../../capture.ts';
import { restoredFolder } from '../../folder.ts';
import { layDown } from '../../lay-down.ts';
import { contentChecks } from '../../redis/checks.ts';
import { countKeys, infoField } from '../../redis/info.ts';
import { contentFacts, describeContent, withPrivateRedis } from '../../redis/private-server.ts';
import { checkRdb } from '../../redis/rdb.ts';
import { withRedis } from '../../redis/server.ts';
import type { SnapshotItem } from '../../restore-plan.ts';
import { type Check, check, type RestoreContext, step } from '../../restore-step.ts';
import { type HealthCheck, type Staged, type WorkloadType, wordsOf } from '../../workload.ts';
import { addressOf, fetchRdb, withExternalRedis } from './server.ts';
import { writeKeys } from './write.ts';

const serverIn = ({ environment }: Pick<Site, 'environment'>): ExternalRedis | undefined => environment.external?.redis;

/** Most hosted servers don't tell; sixteen is what a server has unless somebody has changed it. */
const DATABASES = 16;

async function capture(site: Site, workload: Workload, server: ExternalRedis, signal?: AbortSignal): Promise<Staged> {
  const folder = await freshFolder(site, workload);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const facts = await withExternalRedis(site, server, async (redis) => {
    const info = await redis.info();
    const rdb = join(folder, 'dump.rdb');
    await fetchRdb(site, server, rdb, signal);
    const { keys, version } = await checkRdb(site, rdb);
    const highest = Math.max(0, ...[...info.matchAll(/^db(\d+):/gm)].map((match) => Number(match[1])));
    const databases = Math.max(DATABASES, highest + 1);
    const memory = Number(infoField(info, 'used_memory') ?? 0);
    return {
      keys,
      server: addressOf(server),
      serverVersion: infoField(info, 'redis_version') ?? '',
      rdbVersion: version,
      databases,
      role: 'master',
      transfer: 'replication',
      appendOnly: false,
      ...notCopiedFacts(['users and settings of the server: they stay with who runs it']),
      ...(await contentFacts(site, rdb, { databases, memory, signal })),
    };
  });
  return { path: folder, facts, remove: discard(folder) };
}

async function restore(context: RestoreContext, item: SnapshotItem, server: ExternalRedis): Promise<void> {
  const { site, signal } = context;
  const { workload, destination } = item;
  await step(context, { item, id: `${workload}/copy`, what: 'fetch the snapshot' }, (report) =>
    layDown({ ...context, signal }, item, destination, report),
  );
  const what = `write its keys into ${addressOf(server)}`;
  await step(context, { item, id: `${workload}/load`, what }, async (report) => {
    await fromCopy(context, item, (from) => withExternalRedis(site, server, (to) => writeKeys(from, to, report)));
    await rm(destination, { recursive: true, force: true });
  });
}

/** Runs `use` on a private server that has loaded the laid-down RDB. */
async function fromCopy<T>(
  { site, signal }: RestoreContext,
  { destination, capture: { facts } }: SnapshotItem,
  use: (from: Parameters<typeof writeKeys>[0]) => Promise<T>,
): Promise<T> {
  const folder = await makeTempFolder('dr-redis-', { short: true });
  try {
    const rdb = join(folder, 'dump.rdb');
    await copyFile(join(destination, 'dump.rdb'), rdb);
    await checkRdb(site, rdb);
    const account = await lookUpAccount(site.environment.runAs);
    if (account) for (const path of [folder, rdb]) await chown(path, account.uid, account.gid);
    const databases = typeof facts.databases === 'number' ? facts.databases : DATABASES;
    return await withPrivateRedis(site, { folder, sockets: folder, databases, signal }, (aside, settings) =>
      withRedis(aside, settings, use),
    );
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Taken while nobody writes: the tier's services start later. */
async function checks(site: Site, item: SnapshotItem, server: ExternalRedis): Promise<Check[]> {
  return withExternalRedis(site, server, async (redis) => {
    if (item.capture.facts.digest !== undefined) return contentChecks(item, await describeContent(redis));
    const facts = { id: 'redis/keys', title: 'keys of the copy are in the server' };
    const [held, found] = [Number(item.capture.facts.keys), await countKeys(redis)];
    return [
      check(item, {
        ...facts,
        expected: `at most ${held}`,
        actual: String(found),
        ok: found <= held && (found > 0 || held === 0),
      }),
    ];
  });
}

async function health(site: Site, server: ExternalRedis): Promise<HealthCheck[]> {
  const answer = { id: 'redis/answers', title: `Redis at ${addressOf(server)} answers` };
  try {
    const version = await withExternalRedis(site, server, async (redis) =>
      infoField(await redis.info('server'), 'redis_version'),
    );
    return [{ ...answer, ok: true, fact: `Redis ${version}` }];
  } catch (error) {
    return [{ ...answer, ok: false, fact: wordsOf(error) }];
  }
}

/** The type `redis`, which asks an external server wherever the environment file names one. */
export function orExternal(own: WorkloadType): WorkloadType {
  return {
    ...own,
    secrets: (environment) => ({
      ...own.secrets?.(environment),
      'external.redis.password': environment.external?.redis?.password,
    }),
    capture(site, workload, options) {
      const server = serverIn(site);
      return server === undefined
        ? (own.capture?.(site, workload, options) ?? Promise.reject(new TypeError('redis is captured')))
        : capture(site, workload, server, options.signal);
    },
    destination: (site, workload) =>
      serverIn(site) === undefined ? own.destination(site, workload) : restoredFolder(site, workload),
    async isAlive(site) {
      const server = serverIn(site);
      if (server === undefined) return (await own.isAlive?.(site)) === true;
      return (await withExternalRedis(site, server, countKeys)) > 0;
    },
    async preflight(site, item) {
      if (serverIn(site) === undefined) await own.preflight?.(site, item);
    },
    needs: (environment, item) =>
      environment.external?.redis === undefined
        ? own.needs(environment, item)
        : Promise.resolve([{ path: item.destination, bytes: item.capture.bytes }]),
    async restore(context, item) {
      const server = serverIn(context.site);
      if (server === undefined) return own.restore(context, item);
      await restore(context, item, server);
      return undefined;
    },
    checks(site, item) {
      const server = serverIn(site);
      return server === undefined ? own.checks(site, item) : checks(site, item, server);
    },
    health: {
      service: 'redis',
      async checks(site) {
        const server = serverIn(site);
        return server === undefined ? ((await own.health?.checks(site)) ?? []) : health(site, server);
      },
    },
  };
}
