/**
 * Tries each replaced credential on the live server. Only a refusal proves that it is dead; without an answer the check fails.
 */
import { Redis } from 'ioredis';
import { isOnOtherHost, type RedisSettings, type Retired } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { isThere } from '../../core/absent.ts';
import { messageOf } from '../../core/errors.ts';
import { accepted, type HealthCheck, refused, unproven, type Verdict, wordsOf } from '../workload.ts';
import { describeRole } from './checks.ts';
import { isConfiguredDir, namesOfServer } from './names.ts';
import { redisPlace, withRedis } from './server.ts';

async function tryRedis(
  site: Site,
  settings: Parameters<typeof redisPlace>[0],
  { user, password }: Retired['redis'][number],
): Promise<Verdict> {
  let redis: Redis | undefined;
  // An event holds the reason why a connection ended; the promise says only that it ended.
  let said: Error | undefined;
  try {
    const secret = await site.secrets.read(password, 'retired.redis.password');
    const name = user === undefined ? {} : { username: user };
    redis = new Redis({ ...redisPlace(settings), ...name, password: secret });
    redis.on('error', (error) => {
      said = error;
    });
    await redis.connect();
    // Without a password of its own the server lets everybody in, and this one too.
    await redis.echo('in');
    return accepted('the server lets it in');
  } catch (caught) {
    const error = said ?? caught;
    const words = messageOf(error);
    // A user without any right has given the right password all the same.
    if (/^NOPERM/.test(words)) return accepted(`the server says: ${words}`);
    return /WRONGPASS/.test(words) ? refused('refused') : unproven(error);
  } finally {
    redis?.disconnect();
  }
}

export async function checkRetiredRedis(site: Site): Promise<HealthCheck[]> {
  const { redis: settings, retired } = site.environment;
  if (settings === undefined) return [];
  return Promise.all(
    (retired?.redis ?? []).map(async (credential, n) => ({
      id: `retired/redis/${credential.user ?? 'default'}/${n + 1}`,
      title: `Redis refuses the old password${credential.user === undefined ? '' : ` of ${credential.user}`}`,
      ...(await tryRedis(site, settings, credential)),
    })),
  );
}

export async function checkRedis(site: Site): Promise<HealthCheck[]> {
  const settings = site.environment.redis;
  if (settings === undefined) return [];
  try {
    const answers = await withRedis(site, settings, async (redis) => {
      const pong = await redis.ping();
      const loading = /^loading:1/m.test(await redis.info('persistence'));
      const role = await describeRole(redis);
      return [
        { id: 'redis/answers', title: 'Redis answers', ok: pong === 'PONG', fact: pong },
        {
          id: 'redis/loaded',
          title: 'Redis has loaded its data',
          ok: !loading,
          fact: loading ? 'loading:1' : 'loading:0',
        },
        { id: 'redis/role', title: 'Redis takes writes', ok: role.isMaster ? true : undefined, fact: role.text },
      ];
    });
    return isOnOtherHost(settings) ? answers : [...answers, await checkDir(site, settings)];
  } catch (error) {
    return [{ id: 'redis/answers', title: 'Redis answers', ok: false, fact: wordsOf(error) }];
  }
}

/** A server that can't say where its files are can't be backed up. */
async function checkDir(site: Site, settings: RedisSettings): Promise<HealthCheck> {
  const check = { id: 'redis/dir', title: 'Redis keeps its files in redis.dataDir' };
  try {
    const names = await withRedis(site, settings, namesOfServer);
    // A folder that this host does not have is that of a container.
    const ok = (await isThere(names.dir)) ? await isConfiguredDir(settings, names) : undefined;
    return { ...check, ok, fact: ok === false ? `${names.dir}, and redis.dataDir is ${settings.dataDir}` : names.dir };
  } catch (error) {
    return { ...check, ok: false, fact: wordsOf(error) };
  }
}
