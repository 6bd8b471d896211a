/** `dr adopt redis`: the stack's Redis becomes a replica of the platform's own, takes over, and is taken back. */
import { precondition } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import { formatBytes } from '../../report/format.ts';
import { type AdoptPorts, type Finding, type Memory, type Place, placeText, waitOf } from '../types.ts';
import { type RedisContext, redisFindings } from './checks.ts';
import { type RedisFacts, type RedisServer, redisFacts } from './server.ts';

export interface RedisStackPort {
  readonly name: string;
  generation(): Promise<number>;
  /** Opens the way to that server, and lets its services in at every later start: `password` is theirs, undefined where they need none. */
  reach(place: Place, password: string | undefined): Promise<void>;
  /** Shuts the way; the services stay admitted. */
  leave(): Promise<void>;
}

export interface RedisPorts extends AdoptPorts {
  readonly servers: readonly RedisServer[];
  readonly source: RedisServer;
  readonly managed: RedisServer;
  readonly stack: RedisStackPort;
  /** As whom the stack's Redis logs in to the source. */
  readonly login: { readonly user: string | undefined; readonly password: string | undefined };
}

export interface RedisPlan {
  readonly stack: string;
  readonly from: string;
  readonly place: string;
  readonly sourceVersion: string | undefined;
  readonly managedVersion: string;
  readonly keys: number;
  readonly usedBytes: number;
  readonly users: readonly string[];
  readonly findings: readonly Finding[];
}

export interface RedisRequest {
  readonly from: string;
  readonly place: Place;
  readonly followSeconds: number;
}

const factsOf = (server: RedisServer): Promise<RedisFacts> => server.use(redisFacts);

export interface PlannedRedis {
  readonly plan: RedisPlan;
  readonly memory: Memory | undefined;
}

/** Changes nothing. Throws `ALREADY-ADOPTED` (exit 6), and what the servers throw. */
export async function planRedis(
  ports: RedisPorts,
  { from, place }: RedisRequest,
  context: Omit<RedisContext, 'resumes'>,
): Promise<PlannedRedis> {
  const found = await ports.memory.read('redis');
  const memory = found?.phase === 'undone' ? undefined : found;
  if (memory?.phase === 'switched' || memory?.phase === 'switching') {
    throw precondition({
      code: 'ALREADY-ADOPTED',
      where: `stack ${ports.stack.name}`,
      fact: `its switch from ${memory.from} has ${memory.phase === 'switched' ? 'ended' : 'begun'}`,
      hint:
        memory.phase === 'switched'
          ? `\`dr adopt redis --stack ${ports.stack.name} --release\`, or the same with --undo`
          : `\`dr adopt redis --stack ${ports.stack.name} --switch\` resumes it`,
    });
  }
  const servers = await Promise.all(ports.servers.map(factsOf));
  const own = await factsOf(ports.managed);
  const findings = redisFindings(servers, own, { ...context, resumes: memory !== undefined });
  const users = await ports.platform.users(place, []);
  await ports.platform.serviceSpec(place);
  const plan: RedisPlan = {
    stack: ports.stack.name,
    from,
    place: placeText(place),
    sourceVersion: servers[0]?.version,
    managedVersion: own.version,
    keys: servers[0]?.keys ?? 0,
    usedBytes: servers[0]?.usedBytes ?? 0,
    users: users.map(({ namespace, name }) => `${namespace}/${name}`),
    findings,
  };
  return { plan, memory };
}

export interface RedisLag {
  readonly written: number;
  readonly replayed: number | undefined;
  readonly link: string;
}

/** `up` alone means that it follows this source: a pod that has started anew follows nobody. */
export async function redisLag(ports: Pick<RedisPorts, 'source' | 'managed'>, place: Place): Promise<RedisLag> {
  const [source, own] = [await factsOf(ports.source), await factsOf(ports.managed)];
  const isIts = own.follows === placeText(place);
  const link = isIts
    ? own.syncing
      ? 'copying'
      : (own.link ?? 'down')
    : own.role === 'slave'
      ? 'follows another'
      : 'follows nobody';
  return { written: source.offset, replayed: isIts && link === 'up' ? own.offset : undefined, link };
}

export function redisLagText({ written, replayed, link }: RedisLag): string {
  return replayed === undefined
    ? `link ${link}`
    : `link ${link}, ${formatBytes(Math.max(0, written - replayed))} behind`;
}

/** Gives the lag once the link is up. Throws `NOT-STREAMING`: the same command waits on. */
export async function followRedis(ports: RedisPorts, planned: PlannedRedis, request: RedisRequest): Promise<RedisLag> {
  const { stack, memory: memories, managed, login, now } = ports;
  let memory: Memory = planned.memory ?? {
    apiVersion: 'go-coffee-dr/v1',
    store: 'redis',
    from: request.from,
    place: request.place,
    phase: 'preparing',
    begunAt: now().toISOString(),
    generation: await stack.generation(),
    madeRoles: [],
  };
  await memories.write(memory);
  await stack.reach(memory.place, login.password);
  await managed.use(async (redis) => {
    await redis.config('SET', 'masteruser', login.user ?? '');
    await redis.config('SET', 'masterauth', login.password ?? '');
    await redis.replicaof(memory.place.host, memory.place.port);
  });
  memory = { ...memory, phase: 'following' };
  await memories.write(memory);
  const { answer, accepted } = await poll(
    waitOf(ports, request.followSeconds, 1),
    () => redisLag(ports, memory.place),
    ({ link }) => link === 'up',
  );
  if (accepted) return answer;
  throw precondition({
    code: 'NOT-STREAMING',
    where: managed.describe,
    fact: `it does not follow after ${request.followSeconds} s: ${redisLagText(answer)}`,
    hint: 'its log says why (a network policy, a wrong password); the same command waits on, --undo gives up',
  });
}

/** Before a switch: the stack's Redis follows nobody and is empty again. */
export async function giveUpRedis(ports: RedisPorts): Promise<void> {
  await endFollowing(ports.managed);
  await ports.managed.use((redis) => redis.flushall());
  await ports.stack.leave();
  await ports.memory.forget('redis');
}

export async function endFollowing(managed: RedisServer): Promise<void> {
  await managed.use(async (redis) => {
    await redis.replicaof('NO', 'ONE');
    await redis.config('SET', 'masterauth', '');
    await redis.config('SET', 'masteruser', '');
  });
}

/** Forgets the way back. Never touches the source's data. */
export async function releaseRedis(ports: RedisPorts): Promise<void> {
  await ports.stack.leave();
  await ports.memory.forget('redis');
}
