/**
 * Are replaced credentials dead: each is tried against the live store. Only a refusal by that store is proof; a store that gives no answer
 * proves nothing, and the check has failed.
 */

import { Redis } from 'ioredis';
import type { Retired } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { messageOf } from '../../core/errors.ts';
import { accepted, type HealthCheck, refused, unproven, type Verdict, wordsOf } from '../workload.ts';
import { redisPlace, withRedis } from './server.ts';

async function tryRedis(
  site: Site,
  settings: Parameters<typeof redisPlace>[0],
  { user, password }: Retired['redis'][number],
): Promise<Verdict> {
  let redis: Redis | undefined;
  // What a connection ends with is said by an event; the promise knows only that it has ended.
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
    // Whoever may do nothing at all has given the right password all the same.
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
    return await withRedis(site, settings, async (redis) => {
      const pong = await redis.ping();
      const loading = /^loading:1/m.test(await redis.info('persistence'));
      return [
        { id: 'redis/answers', title: 'Redis answers', ok: pong === 'PONG', fact: pong },
        {
          id: 'redis/loaded',
          title: 'Redis has loaded its data',
          ok: !loading,
          fact: loading ? 'loading:1' : 'loading:0',
        },
      ];
    });
  } catch (error) {
    return [{ id: 'redis/answers', title: 'Redis answers', ok: false, fact: wordsOf(error) }];
  }
}
