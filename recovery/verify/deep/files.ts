/** Everything that restic holds of a point, laid down in a scratch place one after another, checked, and removed. */
import { chown, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RedisSettings } from '../../config/environment.ts';
import type { Repository, Site } from '../../config/site.ts';
import { lookUpAccount, makeReachableFolder, writeOwnedFile } from '../../core/account.ts';
import { findPostgresBin } from '../../engines/find.ts';
import { checkRdb } from '../../engines/redis/files.ts';
import { startRedis, stopRedis } from '../../engines/redis/server.ts';
import type { ResticCapture } from '../../points/point.ts';
import { verifyItem } from '../../restore/checks.ts';
import type { Check } from '../../restore/context.ts';
import type { RestoreItem } from '../../restore/plan-types.ts';
import { layDown } from '../../restore/steps/folder.ts';
import type { TrialOptions } from './postgres.ts';
import type { Scratch } from './scratch.ts';

/** A server of its own, on a socket that nobody else may enter, which never saves. */
async function askRedis(site: Site, item: RestoreItem, folder: string, scratch: Scratch, options: TrialOptions) {
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
    const checks = await verifyItem({ site: aside }, item);
    const title = 'keys in the RDB file, as redis-check-rdb counts them';
    const expected = String((item.capture as ResticCapture).facts.keys ?? keys);
    const counted = { id: 'redis/rdb', title, tier: item.tier, expected, actual: String(keys) };
    return [...checks, { ...counted, ok: expected === counted.actual }];
  } finally {
    await stopRedis(aside, redis);
  }
}

/** The dump is read to its end, as a restore would. */
async function readDump(site: Site, item: RestoreItem, folder: string, options: TrialOptions): Promise<Check> {
  const program = join(await findPostgresBin(site.environment.postgres?.binDir), 'pg_restore');
  await site.run([program, '--file=/dev/null', join(folder, 'database')], { cwd: '/', signal: options.signal });
  const title = 'the logical dump was read to its end by pg_restore';
  return { id: `${item.workload}/read`, title, tier: item.tier, expected: 'no error', actual: 'no error', ok: true };
}

export async function tryFiles(
  site: Site,
  repository: Repository,
  item: RestoreItem,
  scratch: Scratch,
  options: TrialOptions,
): Promise<readonly Check[]> {
  const place = join(scratch.folder, 'files');
  const destination = join(place, item.workload);
  // Redis runs as the engines' account and must get here; what lies below has its own modes.
  await makeReachableFolder(site.environment.stateDir, place, site.environment.runAs);
  // A cache of its own: what is tried must come from the repository.
  const aside: Site = { ...site, environment: { ...site.environment, stateDir: scratch.folder } };
  try {
    await layDown({ site: aside, source: repository, signal: options.signal }, item, destination, options.report);
    if (item.type === 'redis') return await askRedis(site, item, destination, scratch, options);
    const checks = await verifyItem({ site }, { ...item, destination });
    return item.type === 'postgres-dump' ? [...checks, await readDump(site, item, destination, options)] : checks;
  } finally {
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  }
}
