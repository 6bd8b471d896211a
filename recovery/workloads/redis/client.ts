/** How commands reach Redis, and what its answers mean. */
import { Redis } from 'ioredis';
import type { RedisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { rethrowBug } from '../../core/as-dr-error.ts';
import { badInput, codeOf, DrError, EXIT, messageOf } from '../../core/errors.ts';
import { retryInNewPod } from '../../kubernetes/new-pod.ts';

/** A command that only asks is answered in a millisecond; a server that swaps or forks may take seconds. */
const COMMAND_MS = 30_000;

/** Where it is, as a client wants it; one try, and no password. */
export function redisPlace({ socket, host = '127.0.0.1', port = 6379 }: RedisSettings) {
  return {
    ...(socket === undefined ? { host, port } : { path: socket }),
    lazyConnect: true,
    connectTimeout: 5_000,
    commandTimeout: COMMAND_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableReadyCheck: false,
  };
}

/** For messages: the socket, or host and port. */
export function redisAddress({ socket, host = '127.0.0.1', port = 6379 }: RedisSettings): string {
  return socket ?? `${host}:${port}`;
}

async function credentials(
  site: Site,
  { user, password }: RedisSettings,
): Promise<{ username?: string; password?: string }> {
  if (password === undefined) return {};
  const secret = await site.secrets.read(password, 'redis.password');
  return { password: secret, ...(user === undefined ? {} : { username: user }) };
}

/** ioredis tells why a connection ended by an event; its promise says only "Connection is closed." */
async function connect(site: Site, settings: RedisSettings): Promise<Redis> {
  const login = await credentials(site, settings);
  const open = async (): Promise<Redis> => {
    let said: Error | undefined;
    const redis = new Redis({ ...redisPlace(settings), ...login });
    redis.on('error', (error) => {
      said = error;
      site.log.debug({ error: error.message }, 'Redis connection');
    });
    try {
      await redis.connect();
      // With `requirepass` and without a password the server lets everybody connect, and answers nothing.
      await redis.ping();
      return redis;
    } catch (error) {
      redis.disconnect();
      throw said ?? error;
    }
  };
  return settings.socket === undefined ? retryInNewPod(open) : open();
}

/** Words of a server that does not let us in. It runs. */
const DENIED = /^(?:WRONGPASS|NOAUTH|NOPERM|DENIED)\b|invalid password|AUTH failed/i;
/** Words of a server that runs and can't answer now. */
const BUSY = /^(?:LOADING|BUSY|MASTERDOWN|TRYAGAIN|CLUSTERDOWN|MISCONF|OOM|READONLY|ERR max number of clients)/i;

/** The commands that `dr` sends, for the rule of an ACL user. */
const RIGHTS = '~* +@read +@connection +info +config +bgsave +lastsave +dbsize +shutdown +sync +psync +replconf';

/** Throws nothing: `REDIS-COMMAND` (exit 2) where the server has no such command. */
function unknownCommand(words: string, settings: RedisSettings, cause: unknown): DrError | undefined {
  const [, command] = /unknown command [`'"]?([\w-]+)/i.exec(words) ?? [];
  if (command === undefined) return undefined;
  return badInput({
    code: 'REDIS-COMMAND',
    where: `redis at ${redisAddress(settings)}`,
    fact: `the server does not know the command ${command.toUpperCase()}: ${words}`,
    hint: 'its redis.conf renames the command (rename-command), or the server is none of Redis: without it nobody can say which files are its own. Use an ACL user in place of rename-command',
    cause,
  });
}

/** What went wrong, as an error of `dr`: `REDIS-COMMAND`, `REDIS-DENIED`, `REDIS-LOADING`, `REDIS-FAILED` (it runs) or `REDIS-UNREACHABLE`. */
function explainRedis(error: unknown, settings: RedisSettings): DrError {
  if (error instanceof DrError) return error;
  rethrowBug(error);
  const words = messageOf(error);
  const [where, address] = ['redis', redisAddress(settings)];
  if (DENIED.test(words)) return denied(words, settings, error);
  if (/^LOADING/.test(words)) {
    const hint = 'wait until `redis-cli info persistence` says loading:0, then run the same command again';
    return new DrError({ code: 'REDIS-LOADING', where, fact: `${address}: it loads its data`, hint, cause: error });
  }
  const unknown = unknownCommand(words, settings, error);
  if (unknown !== undefined) return unknown;
  if (error instanceof Error && (error.name === 'ReplyError' || BUSY.test(words))) {
    const hint = 'that is the server’s own message; its log may hold more';
    return new DrError({ code: 'REDIS-FAILED', where, fact: `${address}: ${words}`, hint, cause: error });
  }
  return new DrError({
    code: 'REDIS-UNREACHABLE',
    where,
    fact: `${address}: ${reachWords(error, words)}`,
    hint: 'see whether the server runs: `dr assess`',
    cause: error,
  });
}

function reachWords(error: unknown, words: string): string {
  if (/command timed out/i.test(words)) return `no answer within ${COMMAND_MS / 1000} s`;
  const code = codeOf(error);
  if (code === 'ENOENT') return 'there is no such socket (ENOENT)';
  return code === 'ECONNREFUSED' ? 'nobody listens there (ECONNREFUSED)' : words;
}

function denied(words: string, settings: RedisSettings, cause: unknown): DrError {
  const name = settings.user === undefined ? 'the default user' : `the user "${settings.user}"`;
  const why = /^NOPERM/.test(words)
    ? `${name} lacks a right: ${words}`
    : /^NOAUTH/.test(words)
      ? `wrong password: none is given, and the server wants one (${words})`
      : /^DENIED/.test(words)
        ? words
        : `wrong password for ${name}, or no such user (${words})`;
  const rights = `give them: ACL SETUSER ${settings.user ?? 'default'} ${RIGHTS}`;
  return new DrError({
    code: 'REDIS-DENIED',
    where: 'redis',
    fact: `${redisAddress(settings)}: ${why}; the server runs`,
    exit: EXIT.locked,
    hint: /^NOPERM/.test(words)
      ? rights
      : 'put the right password where redis.password points to; redis.user names an ACL user',
    cause,
  });
}

/** Throws `REDIS-UNREACHABLE`, `REDIS-DENIED` for a wrong password or a missing right, `REDIS-LOADING`, `REDIS-FAILED`, `INTERRUPTED`. */
export async function withRedis<T>(site: Site, settings: RedisSettings, use: (redis: Redis) => Promise<T>): Promise<T> {
  let redis: Redis | undefined;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    redis?.disconnect();
  };
  site.signal?.addEventListener('abort', stop, { once: true });
  try {
    redis = await connect(site, settings);
    return await use(redis);
  } catch (error) {
    if (stopped) throw interrupted();
    throw isRedisError(error) ? explainRedis(error, settings) : error;
  } finally {
    site.signal?.removeEventListener('abort', stop);
    redis?.disconnect();
  }
}

function interrupted(): DrError {
  return new DrError({
    code: 'INTERRUPTED',
    where: 'redis',
    fact: 'stopped by a signal',
    hint: 'run the same command again: it resumes where it stopped',
    exit: EXIT.interrupted,
  });
}

/** What the client throws; an error of the file system or of `dr` itself passes. */
function isRedisError(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof DrError) return false;
  const syscall = 'syscall' in error ? String(error.syscall) : '';
  const ofNetwork = ['connect', 'read', 'write', 'getaddrinfo'].includes(syscall);
  const ofClient = /^(?:Connection is closed|Command timed out|connect ETIMEDOUT|Socket closed)|ECONNRESET|EPIPE/.test(
    error.message,
  );
  return error.name === 'ReplyError' || error.name === 'MaxRetriesPerRequestError' || ofNetwork || ofClient;
}
