/** Redis: an RDB that is loaded again, and the append-only files beside it. */
import { chown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../../plan/types.ts';
import { isOnOtherHost, type RedisSettings, redisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { lookUpAccount, writeOwnedFile } from '../../core/account.ts';
import { discard, freshFolder } from '../capture.ts';
import { trySnapshot } from '../folder.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type Check, check, judged } from '../restore-step.ts';
import type { Staged, TrialRequest, WorkloadType } from '../workload.ts';
import { redisLife } from './alive.ts';
import { captureRedis } from './capture.ts';
import { checkRedis, checkRetiredRedis } from './health.ts';
import { checkRdb } from './rdb.ts';
import { restoreRedis } from './restore.ts';
import { refuseUnstoppable, startRedis, stopRedis, withRedis } from './server.ts';
import { redisVolume } from './volume.ts';

async function stageRedis(site: Site, workload: Workload, signal?: AbortSignal): Promise<Staged> {
  const settings = redisSettings(site.environment);
  const folder = await freshFolder(site, workload);
  const facts = await captureRedis(site, settings, folder, signal);
  const owner = isOnOtherHost(settings) ? {} : { owner: (await stat(settings.dataDir)).uid };
  return { path: folder, facts: { ...facts, ...owner }, remove: discard(folder) };
}

async function redisChecks(site: Site, item: SnapshotItem): Promise<Check[]> {
  const held = Number(item.capture.facts.keys);
  const { size, expired } = await withRedis(site, redisSettings(site.environment), async (redis) => {
    const info = await redis.info('persistence');
    const dropped = /^rdb_last_load_keys_expired:(\d+)/m.exec(info)?.[1];
    const stats = /^expired_keys:(\d+)/m.exec(await redis.info('stats'))?.[1];
    return { size: await redis.dbsize(), expired: Number(dropped ?? 0) + Number(stats ?? 0) };
  });
  const facts = {
    id: 'redis/keys',
    title: 'keys of the RDB are loaded, or have expired since',
    expected: String(held),
  };
  return [
    check(item, {
      ...facts,
      actual: `${size} and ${expired} expired`,
      // A snapshot of sessions may hold nothing that is still alive; a server that loaded nothing has expired nothing.
      ok: size + expired >= held,
    }),
  ];
}

/** Starts a server of the trial's own, on a private socket, which never saves; asks it, and stops it. */
async function checksOfTrial(site: Site, item: SnapshotItem, { scratch, signal }: TrialRequest): Promise<Check[]> {
  const folder = item.destination;
  const { keys } = await checkRdb(site, join(folder, 'dump.rdb'));
  const account = await lookUpAccount(site.environment.runAs);
  if (account) {
    for (const path of [folder, ...(await readdir(folder)).map((name) => join(folder, name))])
      await chown(path, account.uid, account.gid);
  }
  const socket = join(scratch.sockets, 'redis.sock');
  const configFile = join(folder, 'trial.conf');
  const lines = ['port 0', `unixsocket ${socket}`, 'unixsocketperm 700', `dir ${folder}`, 'dbfilename dump.rdb'];
  const neverSave = ['save ""', 'appendonly no', 'stop-writes-on-bgsave-error no', `logfile ${folder}/trial.log`];
  await writeOwnedFile(configFile, `${[...lines, ...neverSave].join('\n')}\n`, 0o640, site.environment.runAs);
  const settings: RedisSettings = { socket, dataDir: folder, configFile };
  const aside: Site = { ...site, environment: { ...site.environment, redis: settings } };
  try {
    await startRedis(aside, settings, signal);
    const checks = judged(item, await redisChecks(aside, item));
    const title = 'keys in the RDB file, as redis-check-rdb counts them';
    const expected = String(item.capture.facts.keys ?? keys);
    const counted = { id: 'redis/rdb', title, tier: item.tier, expected, actual: String(keys) };
    return [...checks, { ...counted, ok: expected === counted.actual }];
  } finally {
    await stopRedis(aside, settings);
  }
}

export const redis: WorkloadType = {
  engines: ['restic', 'redis-server'],
  secrets: ({ redis: settings }) => ({ 'redis.password': settings?.password }),
  capture: (site, workload, { signal }) => stageRedis(site, workload, signal),
  destination: ({ environment }) => redisSettings(environment).dataDir,
  isAlive: async (site) => (await redisLife(site, redisSettings(site.environment))).alive,
  preflight: (site) => refuseUnstoppable(site, redisSettings(site.environment)),
  elsewhere: ({ redis: settings }) =>
    isOnOtherHost(settings) ? { host: settings?.host, field: 'redis.transfer' } : undefined,
  // Beside the old data, and then as dump.rdb and as the base of the append-only file.
  needs: async (_, { destination, capture }) => [{ path: destination, bytes: 3 * capture.bytes }],
  async restore(context, item) {
    await restoreRedis(context, item);
    return undefined;
  },
  checks: redisChecks,
  trial: (site, item, request) => trySnapshot(site, item, request, (tried) => checksOfTrial(site, tried, request)),
  health: {
    service: 'redis',
    checks: async (site) => [...(await checkRedis(site)), ...(await checkRetiredRedis(site))],
  },
  volume: (site, _, into) => redisVolume(site, into),
};
