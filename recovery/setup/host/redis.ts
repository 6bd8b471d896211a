/** The Redis servers of this host: found by their processes, whose titles say where they listen, then asked by CONFIG GET and INFO. */
import { Redis } from 'ioredis';
import { rethrowBug } from '../../core/as-dr-error.ts';
import { badInput, DrError } from '../../core/errors.ts';
import { allPids, argvOf, processDetails, processStat, sharesFiles, unitOf } from '../../core/pids.ts';
import { openSecrets } from '../../core/secrets.ts';
import { redisPlace } from '../../workloads/redis/client.ts';
import { infoField } from '../../workloads/redis/info.ts';
import { type Answer, ask, LIMIT_SECONDS } from '../found.ts';

export interface RedisAnswers {
  readonly dataDir: string;
  readonly dbfilename: string;
  /** Empty where it has none. */
  readonly socket: string;
  /** 0 where it listens on none. */
  readonly port: number;
  readonly appendOnly: boolean;
  readonly version: string;
  readonly role: string;
  /** Empty for a server without one. */
  readonly configFile: string;
}

export interface RedisServer {
  readonly pid: number;
  /** Path of its socket, or host and port; empty where its process does not say it. */
  readonly address: string;
  /** Where its files lie, as far as its process shows it. */
  readonly folder: string;
  readonly unit: string | undefined;
  readonly asked: Answer<RedisAnswers>;
}

/** What `dr` is given to ask with. */
export interface RedisLogin {
  readonly passwordFile?: string | undefined;
}

/** Pure. `redis-server *:6379`, `redis-server unixsocket:/run/redis.sock`: undefined for a title of another form. */
export function addressIn(title: string): string | undefined {
  const said = /redis-server (?:unixsocket:(\/\S+)|(\S+):(\d+))/.exec(title);
  if (said === null) return undefined;
  const [, socket, host = '', port = ''] = said;
  if (socket !== undefined) return socket;
  return `${['*', '0.0.0.0', '[::]', '::'].includes(host) ? '127.0.0.1' : host}:${port}`;
}

function placeOf(address: string): { socket: string } | { host: string; port: number } {
  if (address.startsWith('/')) return { socket: address };
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

async function question(address: string, { passwordFile }: RedisLogin): Promise<RedisAnswers> {
  const password =
    passwordFile === undefined
      ? {}
      : { password: await openSecrets().read({ file: passwordFile }, '--redis-password') };
  const place = redisPlace({ ...placeOf(address), dataDir: '/' });
  const redis = new Redis({ ...place, commandTimeout: LIMIT_SECONDS * 1000, ...password });
  let said: Error | undefined;
  redis.on('error', (error) => {
    said = error;
  });
  try {
    await redis.connect();
    const config = Object.fromEntries(
      await Promise.all(
        ['dir', 'dbfilename', 'unixsocket', 'port', 'appendonly'].map(async (name) => {
          const [, value] = (await redis.config('GET', name)) as string[];
          return [name, value ?? ''] as const;
        }),
      ),
    );
    const info = await redis.info();
    const field = (name: string): string => infoField(info, name) ?? '';
    return {
      dataDir: config.dir ?? '',
      dbfilename: config.dbfilename ?? '',
      socket: config.unixsocket ?? '',
      port: Number(config.port),
      appendOnly: config.appendonly === 'yes',
      version: field('redis_version'),
      role: field('role'),
      configFile: field('config_file'),
    };
  } catch (error) {
    throw refused(address, said ?? error, passwordFile);
  } finally {
    redis.disconnect();
  }
}

const WANTS_PASSWORD = /^(?:NOAUTH|WRONGPASS)\b/;

/** A server that wants a password is the usual case: the hint says how to give it. */
function refused(address: string, error: unknown, passwordFile: string | undefined): unknown {
  rethrowBug(error);
  if (error instanceof DrError) return error;
  if (!(error instanceof Error)) return error;
  if (error.name !== 'ReplyError') {
    return badInput({
      code: 'REDIS-UNREACHABLE',
      where: address,
      fact: error.message,
      hint: 'see whether the server still runs; name another address by --redis',
      cause: error,
    });
  }
  return badInput({
    code: 'REDIS-DENIED',
    where: address,
    fact: WANTS_PASSWORD.test(error.message)
      ? `it wants ${passwordFile === undefined ? 'a' : 'another'} password`
      : error.message,
    hint:
      passwordFile === undefined
        ? 'write its password into a file of mode 0600 and name it: --redis-password FILE'
        : 'the file of --redis-password holds another password, or its user may not use CONFIG and INFO',
    cause: error,
  });
}

async function describe(pid: number, login: RedisLogin, isAsked: (server: string) => boolean): Promise<RedisServer> {
  const [{ folder }, argv, unit] = await Promise.all([processDetails(pid), argvOf(pid), unitOf(pid)]);
  const address = addressIn(argv.join(' ')) ?? '';
  const about = `Redis at ${address || `process ${pid}`}`;
  const rest = { pid, address, folder, unit };
  const refuse = (why: string, hint: string): RedisServer => ({ ...rest, asked: { unanswered: { about, why, hint } } });
  if (address === '') {
    return refuse(
      'its process does not say where it listens (set-proc-title)',
      'name its socket or host:port: --redis /run/redis/redis-server.sock',
    );
  }
  if ((await sharesFiles(pid)) === false) {
    return refuse(
      'it runs in a container, whose files are not those of this host',
      'run `dr` in a container beside it that mounts its folder and its socket, or use `dr setup --context`',
    );
  }
  if (!isAsked(address)) return refuse('another server was chosen', `choose it: --redis ${address}`);
  return { ...rest, asked: await ask(about, () => question(address, login)) };
}

function isServer(pid: number): boolean {
  const stat = processStat(pid);
  // A server that saves has a child of its own name.
  return stat?.name === 'redis-server' && stat.state !== 'Z' && processStat(stat.parent)?.name !== 'redis-server';
}

/** All of them, in the order of their addresses. @param chosen one that is asked; the others are only named */
export async function findRedis(login: RedisLogin, chosen: string | undefined): Promise<RedisServer[]> {
  const pids = (await allPids()).filter(isServer);
  const isAsked = (address: string): boolean => chosen === undefined || chosen === address;
  const found = await Promise.all(pids.map((pid) => describe(pid, login, isAsked)));
  if (chosen !== undefined && !found.some(({ address }) => address === chosen)) {
    const asked = await ask(`Redis at ${chosen}`, () => question(chosen, login));
    found.push({ pid: 0, address: chosen, folder: '', unit: undefined, asked });
  }
  return found.sort((a, b) => a.address.localeCompare(b.address));
}
