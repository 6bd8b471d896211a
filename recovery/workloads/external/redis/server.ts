/** The way to a Redis that `dr` does not run. */
import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import type { ExternalRedis } from '../../../config/external.ts';
import type { Site } from '../../../config/site.ts';
import { badInput, codeOf, DrError, EXIT, messageOf, precondition } from '../../../core/errors.ts';

const CONNECT_MS = 10_000;
const COMMAND_MS = 30_000;
/** A master forks and writes its memory before the first byte comes. */
const COPY_SECONDS = 3600;

export const addressOf = ({ host, port }: ExternalRedis): string => `${host}:${port}`;

async function encryption({ tls, ca, host }: ExternalRedis) {
  if (tls === 'disable') return {};
  if (tls === 'require') return { tls: { rejectUnauthorized: false, servername: host } };
  if (ca === undefined) return { tls: { servername: host } };
  const text = await readFile(ca, 'utf8').catch((cause: unknown) => {
    throw badInput({
      code: 'REDIS-CA-UNREADABLE',
      where: 'external.redis.ca',
      fact: `${ca} can't be read (${codeOf(cause)})`,
      hint: 'put the PEM file of the authority there that signed the certificate of Redis',
      cause,
    });
  });
  return { tls: { ca: text, servername: host } };
}

const DENIED = /^(?:WRONGPASS|NOAUTH|NOPERM|DENIED)\b|invalid password|AUTH failed/i;

function explained(error: unknown, server: ExternalRedis): DrError {
  if (error instanceof DrError) return error;
  const [words, where] = [messageOf(error), addressOf(server)];
  if (DENIED.test(words)) {
    return new DrError({
      code: 'REDIS-DENIED',
      where,
      fact: `it refuses "${server.user ?? 'default'}": ${words}`,
      hint: 'correct external.redis.user and what its password names, or give the user the right',
      exit: EXIT.locked,
      cause: error,
    });
  }
  const isAnswer = error instanceof Error && error.name === 'ReplyError';
  return new DrError({
    code: isAnswer ? 'REDIS-FAILED' : 'REDIS-UNREACHABLE',
    where,
    fact: words,
    hint: isAnswer
      ? 'that is the server’s own message'
      : 'see whether the server runs, and whether this host may reach it (external.redis.tls?)',
    cause: error,
  });
}

/** Throws `REDIS-DENIED` (exit 6), `REDIS-UNREACHABLE`, `REDIS-FAILED`. */
export async function withExternalRedis<T>(
  site: Site,
  server: ExternalRedis,
  use: (redis: Redis) => Promise<T>,
): Promise<T> {
  const { host, port, user } = server;
  const password = server.password && (await site.secrets.read(server.password, 'external.redis.password'));
  let said: Error | undefined;
  const redis = new Redis({
    host,
    port,
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: COMMAND_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableReadyCheck: false,
    ...(await encryption(server)),
    ...(password === undefined ? {} : { password, ...(user === undefined ? {} : { username: user }) }),
  });
  redis.on('error', (error) => {
    said = error;
  });
  const stop = (): void => redis.disconnect();
  site.signal?.addEventListener('abort', stop, { once: true });
  try {
    await redis.connect();
    await redis.ping();
    return await use(redis);
  } catch (error) {
    site.signal?.throwIfAborted();
    const ended = error instanceof Error && /^Connection is closed/.test(error.message);
    throw error instanceof TypeError ? error : explained(ended ? (said ?? error) : error, server);
  } finally {
    site.signal?.removeEventListener('abort', stop);
    redis.disconnect();
  }
}

/**
 * The RDB as a replica gets it. Throws `REDIS-SYNC-FORBIDDEN` (exit 6) for a server that lets nobody replicate: hosted ones don't, and no
 * other way gives all keys of one moment.
 */
export async function fetchRdb(
  site: Site,
  server: ExternalRedis,
  file: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { host, port, user, tls, ca, password } = server;
  const secretEnv =
    password === undefined ? {} : { REDISCLI_AUTH: await site.secrets.read(password, 'external.redis.password') };
  const secure = {
    disable: [],
    require: ['--tls', '--insecure'],
    'verify-full': ['--tls', ...(ca ? ['--cacert', ca] : [])],
  }[tls];
  const at = ['-h', host, '-p', String(port), ...(user === undefined ? [] : ['--user', user]), ...secure];
  try {
    await site.run(['redis-cli', ...at, '--rdb', file], { secretEnv, signal, timeoutSeconds: COPY_SECONDS });
  } catch (error) {
    const words = error instanceof DrError ? error.fact : messageOf(error);
    if (!/SYNC with master failed|NOPERM|unknown command|not allowed|disabled/i.test(words)) throw error;
    throw precondition({
      code: 'REDIS-SYNC-FORBIDDEN',
      where: addressOf(server),
      fact: `it lets nobody replicate: ${/-?(?:ERR|NOPERM)[^\n]*/.exec(words)?.[0] ?? words.split('\n').at(-1)}`,
      hint: 'give the user +psync +sync +replconf; a hosted server that forbids it can’t be copied by dr: use its provider’s own snapshots, and leave external.redis out',
      cause: error,
    });
  }
}
