/**
 * A fresh RDB by `BGSAVE`, and a safe copy of the append-only files. A server on another host sends the RDB over the replication protocol;
 * its append-only files stay there.
 */
import { copyFile, cp, mkdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { isOnOtherHost, type RedisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { isThere } from '../../core/absent.ts';
import { DrError, hasCode } from '../../core/errors.ts';
import { followLinks } from '../../core/links.ts';
import { poll } from '../../core/poll.ts';
import { notCopiedFacts } from '../../points/not-copied.ts';
import type { CaptureFacts } from '../../points/point.ts';
import { formatBytes } from '../../report/format.ts';
import { carryFiles } from '../server-files.ts';
import { infoField } from './info.ts';
import { configOf, isConfiguredDir, namesOfServer, otherDir, type RedisNames, redisConfigFiles } from './names.ts';
import { contentFacts } from './private-server.ts';
import { checkRdb } from './rdb.ts';
import { withoutRewrites } from './rewrites.ts';
import { withRedis } from './server.ts';
import { settingsNotCopied } from './unsaved-settings.ts';
import { usersNotCopied } from './users.ts';

const field = (info: string, name: string): string => infoField(info, name) ?? '';

/** A fork of a large server takes minutes to write its memory, and these move while it does. */
const PROGRESS = ['current_save_keys_processed', 'current_cow_size', 'current_fork_perc', 'aof_rewrite_in_progress'];
/** Without a key written in this time the save hangs, on a disk or a stopped process. */
const STALLED_SECONDS = 120;

/** `INFO persistence` once no save and no rewrite runs. Throws `REDIS-SAVE`. */
async function idle(redis: Redis, signal: AbortSignal | undefined): Promise<string> {
  let [mark, since] = ['', performance.now()];
  const { answer, accepted } = await poll(
    { seconds: Number.POSITIVE_INFINITY, everySeconds: 0.1, signal },
    () => redis.info('persistence'),
    (info) => {
      if (isIdle(info)) return true;
      const now = PROGRESS.map((name) => field(info, name)).join(' ');
      if (now !== mark) [mark, since] = [now, performance.now()];
      return performance.now() - since > STALLED_SECONDS * 1000;
    },
  );
  if (accepted && isIdle(answer)) return answer;
  throw new DrError({
    code: 'REDIS-SAVE',
    where: 'redis',
    fact: `a save or a rewrite runs and has written nothing for ${STALLED_SECONDS} s`,
    hint: 'see the server’s log; once `redis-cli info persistence` shows none, run the same command again',
  });
}

function isIdle(info: string): boolean {
  return field(info, 'rdb_bgsave_in_progress') === '0' && field(info, 'aof_rewrite_in_progress') === '0';
}

/** Waits for a save that began after this call. Throws `REDIS-SAVE` with the server's own status and the room in its folder. */
async function freshSave(redis: Redis, folder: string, signal?: AbortSignal): Promise<void> {
  await idle(redis, signal);
  await redis.bgsave();
  const info = await idle(redis, signal);
  if (field(info, 'rdb_last_bgsave_status') === 'ok') return;
  const { bavail, bsize } = await statfs(folder);
  const [free, used] = [formatBytes(bavail * bsize), field(await redis.info('memory'), 'used_memory_human')];
  throw new DrError({
    code: 'REDIS-SAVE',
    where: folder,
    fact: `BGSAVE ended "${field(info, 'rdb_last_bgsave_status')}": ${free} are free there, and Redis holds ${used}`,
    hint: 'the server’s log says why; usually its disk is full or memory for the fork is missing',
  });
}

/** Redis 7 keeps a folder of append-only files, older ones a single file. */
async function appendOnlyPath(redis: Redis, dataDir: string): Promise<string> {
  const { appenddirname, appendfilename } = await namesOfServer(redis);
  const isFolder = (await configOf(redis, 'appenddirname')) !== '';
  return followLinks(join(dataDir, isFolder ? appenddirname : appendfilename));
}

async function copyAppendOnly(redis: Redis, { settings, stateDir, folder }: Target): Promise<boolean> {
  if ((await configOf(redis, 'appendonly')) !== 'yes') return false;
  await withoutRewrites(stateDir, redis, async () => {
    await cp(await appendOnlyPath(redis, settings.dataDir), join(folder, 'appendonlydir'), { recursive: true });
  });
  return true;
}

interface Target {
  readonly settings: RedisSettings;
  readonly names: RedisNames;
  readonly stateDir: string;
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
}

/** What tells a file from the one that a save replaces it by. */
async function stamp(file: string): Promise<string | undefined> {
  try {
    const { ino, mtimeMs, size } = await stat(file);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/**
 * The file must have been replaced by the save that was asked for: a server in a container may call its folder otherwise than this host,
 * and an old file of the right name is the worst copy of all. Throws `REDIS-DIR` (exit 2).
 */
async function copyFiles(redis: Redis, target: Target) {
  const { settings, names, folder, signal } = target;
  const source = join(settings.dataDir, names.dbfilename);
  const isSame = await isConfiguredDir(settings, names);
  if (!isSame && (await isThere(names.dir))) throw otherDir(settings, names, '');
  const before = await stamp(source);
  await freshSave(redis, settings.dataDir, signal);
  const after = await stamp(source);
  if (after === undefined || after === before) {
    const why = after === undefined ? `: its save made no ${source}` : `: its save did not replace ${source}`;
    throw otherDir(settings, names, why);
  }
  await copyFile(source, join(folder, 'dump.rdb'));
  return { appendOnly: await copyAppendOnly(redis, target) };
}

/** `redis-cli --rdb` asks as a replica would: the server makes a snapshot of this moment for it. */
async function fetchSnapshot(site: Site, redis: Redis, { settings, folder, signal }: Target) {
  const { host = '127.0.0.1', port = 6379, user, password } = settings;
  const secretEnv =
    password === undefined ? {} : { REDISCLI_AUTH: await site.secrets.read(password, 'redis.password') };
  const at = ['-h', host, '-p', String(port), ...(user === undefined ? [] : ['--user', user])];
  await site.run(['redis-cli', ...at, '--rdb', join(folder, 'dump.rdb')], { secretEnv, signal });
  const hasFiles = (await configOf(redis, 'appendonly')) === 'yes';
  const beside = [
    ...(hasFiles ? ['append-only files: they stay on the other host'] : []),
    ...(await usersNotCopied(redis, [])),
  ];
  return { appendOnly: false, transfer: 'replication', ...notCopiedFacts(beside) };
}

/** `master`, or whom it follows. Throws `REDIS-SYNCING`: a replica that receives its first copy holds a part of the data. */
async function roleOf(redis: Redis): Promise<string> {
  const info = await redis.info('replication');
  if (field(info, 'role') === 'master') return 'master';
  if (field(info, 'master_sync_in_progress') === '1') {
    throw new DrError({
      code: 'REDIS-SYNCING',
      where: 'redis',
      fact: `the server is a replica and still receives its data from ${field(info, 'master_host')}`,
      hint: 'run the same command again when `redis-cli info replication` says master_sync_in_progress:0',
    });
  }
  return `replica of ${field(info, 'master_host')}:${field(info, 'master_port')}`;
}

/** Its redis.conf with what it includes, the file of its users, and its certificates: nothing else starts such a server again. */
async function carryConfiguration(
  site: Site,
  redis: Redis,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<CaptureFacts> {
  const configFile = field(await redis.info('server'), 'config_file');
  const settings = ['aclfile', 'tls-cert-file', 'tls-key-file', 'tls-ca-cert-file', 'tls-client-cert-file'];
  const named = await Promise.all(
    [...settings, 'tls-client-key-file', 'tls-dh-params-file'].map((name) => configOf(redis, name)),
  );
  const files = [
    ...(configFile === '' ? [] : await redisConfigFiles(configFile)),
    ...named.filter((path) => path !== ''),
  ];
  const carried = await carryFiles(folder, files);
  return {
    ...(configFile === '' ? {} : { configFile }),
    configurationFiles: carried.length,
    ...notCopiedFacts([
      ...(await usersNotCopied(redis, files)),
      ...(await settingsNotCopied(site, redis, configFile, signal)),
    ]),
  };
}

/**
 * Fills `folder` with `dump.rdb` and, of a server on this host, its append-only files as `appendonlydir/` and its configuration. The RDB is
 * checked before it counts. The facts keep the server's own answers: a restore goes by them.
 */
export async function captureRedis(
  site: Site,
  settings: RedisSettings,
  folder: string,
  signal?: AbortSignal,
): Promise<CaptureFacts> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return withRedis(site, settings, async (redis) => {
    const names = await namesOfServer(redis);
    const role = await roleOf(redis);
    const target = { settings, names, stateDir: site.environment.stateDir, folder, signal };
    const isElsewhere = isOnOtherHost(settings);
    const brought = isElsewhere ? await fetchSnapshot(site, redis, target) : await copyFiles(redis, target);
    const rdb = join(folder, 'dump.rdb');
    const { keys, version } = await checkRdb(site, rdb);
    const memory = Number(field(await redis.info('memory'), 'used_memory'));
    const content = await contentFacts(site, rdb, { databases: names.databases, memory, signal });
    const configuration = isElsewhere ? {} : await carryConfiguration(site, redis, folder, signal);
    const server = await redis.info('server');
    const serverVersion = field(server, 'redis_version');
    // Which server and which history of it: they change with each start, and tell one Redis from another.
    const identity = {
      runId: field(server, 'run_id'),
      replicationId: field(await redis.info('replication'), 'master_replid'),
    };
    return {
      keys,
      serverVersion,
      ...identity,
      rdbVersion: version,
      ...names,
      role,
      ...brought,
      ...content,
      ...configuration,
    };
  });
}
