import { chown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../../plan/types.ts';
import { isElsewhere, type RedisSettings, redisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { lookUpAccount, writeOwnedFile } from '../../core/account.ts';
import type { ResticCapture } from '../../points/point.ts';
import { discard, freshFolder } from '../capture.ts';
import type { RestoreItem } from '../restore-plan.ts';
import { type Check, check, judged, type RestoreContext } from '../restore-step.ts';
import type { Scratch, Staged, TrialOptions } from '../workload.ts';
import { captureRedis } from './capture.ts';
import { checkRdb } from './rdb.ts';
import { startRedis, stopRedis, withRedis } from './server.ts';

export async function stageRedis(site: Site, workload: Workload, signal?: AbortSignal): Promise<Staged> {
  const settings = redisSettings(site.environment);
  const folder = await freshFolder(site, workload);
  const facts = await captureRedis(site, settings, folder, signal);
  const owner = isElsewhere(settings) ? {} : { owner: (await stat(settings.dataDir)).uid };
  return { path: folder, facts: { ...facts, ...owner }, remove: discard(folder) };
}

export async function redisChecks(context: Pick<RestoreContext, 'site'>, item: RestoreItem): Promise<Check[]> {
  const held = Number((item.capture as ResticCapture).facts.keys);
  const { size, expired } = await withRedis(context.site, redisSettings(context.site.environment), async (redis) => {
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

/** A server of its own, on a socket that nobody else may enter, which never saves. */
export async function askRedis(site: Site, item: RestoreItem, folder: string, scratch: Scratch, options: TrialOptions) {
  const { keys } = await checkRdb(site, join(folder, 'dump.rdb'));
  const account = await lookUpAccount(site.environment.runAs);
  if (account) {
    for (const path of [folder, ...(await readdir(folder)).map((name) => join(folder, name))])
      await chown(path, account.uid, account.gid);
  }
  const socket = join(scratch.sockets, 'redis.sock');
  const configFile = join(folder, 'trial.conf');
  const lines = ['port 0', `unixsocket ${socket}`, 'unixsocketperm 700', `dir ${folder}`, 'dbfilename dump.rdb'];
  const quiet = ['save ""', 'appendonly no', 'stop-writes-on-bgsave-error no', `logfile ${folder}/trial.log`];
  await writeOwnedFile(configFile, `${[...lines, ...quiet].join('\n')}\n`, 0o640, site.environment.runAs);
  const redis: RedisSettings = { socket, dataDir: folder, configFile };
  const aside: Site = { ...site, environment: { ...site.environment, redis } };
  try {
    await startRedis(aside, redis, options.signal);
    const checks = judged(item, await redisChecks({ site: aside }, item));
    const title = 'keys in the RDB file, as redis-check-rdb counts them';
    const expected = String((item.capture as ResticCapture).facts.keys ?? keys);
    const counted = { id: 'redis/rdb', title, tier: item.tier, expected, actual: String(keys) };
    return [...checks, { ...counted, ok: expected === counted.actual }];
  } finally {
    await stopRedis(aside, redis);
  }
}
