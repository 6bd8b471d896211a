/** Talking to, starting and stopping the Redis server of this host. */
import { Redis } from 'ioredis';
import type { RedisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { badInput, DrError, messageOf } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import { retryInNewPod } from '../../kubernetes/new-pod.ts';

/** Loading some gigabytes takes about a minute. */
const START_SECONDS = 60;
const STOP_SECONDS = 10;

/** Where it is, as a client wants it; one try, and no password. */
export function redisPlace({ socket, host = '127.0.0.1', port = 6379 }: RedisSettings) {
  return {
    ...(socket === undefined ? { host, port } : { path: socket }),
    lazyConnect: true,
    connectTimeout: 5_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableReadyCheck: false,
  };
}

async function connect(site: Site, settings: RedisSettings): Promise<Redis> {
  const password =
    settings.password === undefined ? undefined : await site.secrets.read(settings.password, 'redis.password');
  const open = async (): Promise<Redis> => {
    const redis = new Redis({
      ...redisPlace(settings),
      ...(settings.user === undefined ? {} : { username: settings.user }),
      ...(password === undefined ? {} : { password }),
    });
    // An event holds the reason why a connection ended; the promise says only that it ended.
    let said: Error | undefined;
    redis.on('error', (error) => {
      said ??= error;
      site.log.debug({ error: error.message }, 'Redis connection');
    });
    try {
      await redis.connect();
      return redis;
    } catch (error) {
      redis.disconnect();
      throw said ?? error;
    }
  };
  return settings.socket === undefined ? retryInNewPod(open) : open();
}

/** The commands that `dr` sends, for the rule of an ACL user. */
const RIGHTS = '~* +@read +@connection +info +config +bgsave +lastsave +dbsize +shutdown +sync +psync +replconf';

/** A refusal of the server as an error with a way on; everything else as it is. */
function explained(error: unknown, settings: RedisSettings): unknown {
  if (error instanceof DrError) return error;
  const where = `redis at ${placeOf(settings)}`;
  const words = messageOf(error);
  if (/WRONGPASS|NOAUTH|invalid (?:username-password|password)|without any password/i.test(words)) {
    return new DrError({
      code: 'REDIS-DENIED',
      where,
      fact: `the server refuses the login of ${settings.user ?? 'the default user'}: ${words}`,
      hint: 'put the right password where redis.password points to; redis.user names an ACL user',
      cause: error,
    });
  }
  if (/NOPERM/.test(words)) {
    const user = settings.user ?? 'default';
    return new DrError({
      code: 'REDIS-DENIED',
      where,
      fact: `the user ${user} has not the rights that a copy needs: ${words}`,
      hint: `give them: ACL SETUSER ${user} ${RIGHTS}`,
      cause: error,
    });
  }
  const [, command] = /unknown command [`'"]?([\w-]+)/i.exec(words) ?? [];
  if (command === undefined) return error;
  return badInput({
    code: 'REDIS-COMMAND',
    where,
    fact: `the server does not know the command ${command.toUpperCase()}: ${words}`,
    hint: 'its redis.conf renames the command (rename-command), or the server is none of Redis: without it nobody can say which files are its own. Use an ACL user in place of rename-command',
    cause: error,
  });
}

function placeOf({ socket, host = '127.0.0.1', port = 6379 }: RedisSettings): string {
  return socket ?? `${host}:${port}`;
}

/** Throws `REDIS-UNREACHABLE`; `REDIS-DENIED` for a wrong password or a missing right; `REDIS-COMMAND` (exit 2) for a renamed command. */
export async function withRedis<T>(site: Site, settings: RedisSettings, use: (redis: Redis) => Promise<T>): Promise<T> {
  let redis: Redis;
  try {
    redis = await connect(site, settings);
  } catch (cause) {
    const known = explained(cause, settings);
    if (known instanceof DrError) throw known;
    throw new DrError({
      code: 'REDIS-UNREACHABLE',
      where: 'redis',
      fact: `${placeOf(settings)}: ${messageOf(cause)}`,
      hint: 'see whether the server runs: `dr assess`',
      cause,
    });
  }
  try {
    return await use(redis);
  } catch (error) {
    throw explained(error, settings);
  } finally {
    redis.disconnect();
  }
}

export async function redisAnswers(site: Site, settings: RedisSettings): Promise<boolean> {
  try {
    return (await withRedis(site, settings, (redis) => redis.ping())) === 'PONG';
  } catch (error) {
    // A server that loads or wants another password is alive all the same.
    return /LOADING/.test(String(error)) || (error instanceof DrError && error.code !== 'REDIS-UNREACHABLE');
  }
}

/** Starts the server (by `control.start`, else `redis-server <configFile>`) and waits until it has loaded its data. */
export async function startRedis(site: Site, settings: RedisSettings, signal?: AbortSignal): Promise<void> {
  if (!(await redisAnswers(site, settings))) {
    if (settings.control) await site.run(settings.control.start);
    else if (settings.configFile) {
      await site.run(['redis-server', settings.configFile, '--daemonize', 'yes'], {
        as: site.environment.runAs,
        cwd: '/',
      });
    } else {
      throw badInput({
        code: 'REDIS-CONTROL',
        where: 'redis',
        fact: 'neither `control` nor `configFile` is given',
        hint: 'say how Redis is started: redis.control: {start: [systemctl, start, redis], stop: [systemctl, stop, redis]}',
      });
    }
  }
  const { answer, accepted } = await poll(
    { seconds: START_SECONDS, everySeconds: 0.1, signal },
    () => loadState(site, settings),
    (state) => state === 'loaded',
  );
  if (accepted) return;
  if (answer instanceof Error) throw answer;
  throw new DrError({
    code: 'REDIS-LOADING',
    where: 'redis',
    fact: `it still loads its data after ${START_SECONDS} s`,
    hint: 'wait until `redis-cli info persistence` says loading:0, then run the same command again: it resumes',
  });
}

/** An error where the server does not answer yet. */
async function loadState(site: Site, settings: RedisSettings): Promise<'loaded' | 'loading' | Error> {
  try {
    const info = await withRedis(site, settings, (redis) => redis.info('persistence'));
    return /^loading:0/m.test(info) ? 'loaded' : 'loading';
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Stops the server without a last save: what is in memory is what shall be replaced. No error when it isn't running. */
export async function stopRedis(site: Site, settings: RedisSettings): Promise<void> {
  if (!(await redisAnswers(site, settings))) return;
  if (settings.control) await site.run(settings.control.stop, { timeoutSeconds: 60 });
  else await withRedis(site, settings, (redis) => redis.shutdown('NOSAVE')).catch(() => undefined);
  const { accepted } = await poll(
    { seconds: STOP_SECONDS, everySeconds: 0.1 },
    () => redisAnswers(site, settings),
    (up) => !up,
  );
  if (accepted) return;
  throw new DrError({
    code: 'REDIS-STILL-RUNNING',
    where: settings.dataDir,
    fact: `Redis still answers ${STOP_SECONDS} s after its stop command`,
    hint: 'stop it by hand and run the same command again',
  });
}
