/** One Redis, over TCP. */
import { Redis } from 'ioredis';
import { badInput, DrError, EXIT, messageOf } from '../../core/errors.ts';
import { infoField } from '../../workloads/redis/info.ts';

export interface RedisServer {
  /** `pod shop-data/redis-5d8f`, `sessions.example.com:6379 (10.0.0.7)` */
  readonly describe: string;
  /** Throws `SOURCE-UNREACHABLE`, `SOURCE-DENIED`, `SOURCE-FAILED`. */
  use<T>(work: (redis: Redis) => Promise<T>): Promise<T>;
}

export interface RedisLogin {
  readonly user: string | undefined;
  readonly password: string | undefined;
}

export interface RedisAddress {
  readonly describe: string;
  readonly host: string;
  readonly port: number;
}

const DENIED = /^(WRONGPASS|NOAUTH|NOPERM)\b|invalid password|AUTH failed/i;

function explained(error: unknown, describe: string): unknown {
  if (error instanceof DrError || !(error instanceof Error)) return error;
  const words = messageOf(error);
  if (DENIED.test(words)) {
    return badInput({
      code: 'SOURCE-DENIED',
      where: describe,
      fact: `it does not let us in: ${words}`,
      hint: 'put its password into a file of mode 0600: --password-file FILE; --user names an ACL user',
      cause: error,
    });
  }
  if (error.name === 'ReplyError') {
    const hint = 'that is the server’s own message; a command may be renamed or forbidden there';
    return new DrError({ code: 'SOURCE-FAILED', where: describe, fact: words, hint, cause: error });
  }
  const hint = 'see whether it runs and may be reached from here; --from names it';
  return new DrError({
    code: 'SOURCE-UNREACHABLE',
    where: describe,
    fact: words,
    hint,
    exit: EXIT.locked,
    cause: error,
  });
}

export function redisServer({ describe, host, port }: RedisAddress, { user, password }: RedisLogin): RedisServer {
  return {
    describe,
    async use(work) {
      const redis = new Redis({
        host,
        port,
        ...(password === undefined ? {} : { password }),
        ...(user === undefined ? {} : { username: user }),
        lazyConnect: true,
        connectTimeout: 10_000,
        commandTimeout: 30_000,
        maxRetriesPerRequest: 0,
        retryStrategy: () => null,
        enableReadyCheck: false,
      });
      // The client tells by an event why a connection ended; its promise says only that it did.
      let said: Error | undefined;
      redis.on('error', (error) => {
        said = error;
      });
      try {
        await redis.connect();
        await redis.ping();
        return await work(redis);
      } catch (error) {
        throw explained(error instanceof Error && error.name === 'ReplyError' ? error : (said ?? error), describe);
      } finally {
        redis.disconnect();
      }
    },
  };
}

export interface RedisFacts {
  readonly version: string;
  readonly runId: string;
  readonly role: string;
  readonly offset: number;
  /** Its offset counts writes. */
  readonly counts: boolean;
  /** Of a replica: `up` or `down`, and where it follows. */
  readonly link: string | undefined;
  readonly follows: string | undefined;
  readonly syncing: boolean;
  readonly keys: number;
  readonly usedBytes: number;
  readonly databases: number;
  readonly cluster: boolean;
  readonly modules: readonly string[];
  /** ACL users beside the default one. */
  readonly users: readonly string[];
  /** The default user needs no password. */
  readonly open: boolean;
  readonly minReplicas: string;
}

const config = async (redis: Redis, name: string): Promise<string> => {
  const found = (await redis.config('GET', name)) as string[];
  return found[1] ?? '';
};

export async function redisFacts(redis: Redis): Promise<RedisFacts> {
  const info = await redis.info();
  const field = (name: string): string => infoField(info, name) ?? '';
  const rules = (await redis.call('ACL', 'LIST')) as string[];
  const modules = ((await redis.call('MODULE', 'LIST')) as unknown[][]).map((entry) => String(entry[1]));
  const names = rules.map((rule) => rule.split(' ')[1] ?? '');
  const role = field('role');
  return {
    version: field('redis_version'),
    runId: field('run_id'),
    role,
    offset: Number(field(role === 'slave' ? 'slave_repl_offset' : 'master_repl_offset')),
    // An hour after its last replica it gives up its backlog, and counts no more.
    counts: field('repl_backlog_active') === '1',
    link: infoField(info, 'master_link_status'),
    follows: role === 'slave' ? `${field('master_host')}:${field('master_port')}` : undefined,
    syncing: field('master_sync_in_progress') === '1',
    keys: [...info.matchAll(/^db\d+:keys=(\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0),
    usedBytes: Number(field('used_memory')),
    databases: Number(await config(redis, 'databases')),
    cluster: field('cluster_enabled') === '1',
    modules,
    users: names.filter((name) => name !== 'default'),
    open: rules.some((rule) => /^user default on\b.*\bnopass\b/.test(rule)),
    minReplicas: await config(redis, 'min-replicas-to-write'),
  };
}
