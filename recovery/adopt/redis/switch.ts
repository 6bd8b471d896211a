/** The stack's Redis takes over, and gives back. Every step may be repeated; until the promotion a failure goes back by itself. */
import { DrError, precondition } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import { formatBytes } from '../../report/format.ts';
import { type Memory, type Switch, waitOf } from '../types.ts';
import { startUsers, stopUsers } from '../users.ts';
import { endFollowing, type RedisPorts, redisLag, redisLagText } from './run.ts';
import { redisFacts } from './server.ts';

/** No Redis has so many replicas: with this minimum it takes no write, and lets replicas go on. */
const NOBODY_WRITES = '1000';

async function begin(ports: RedisPorts, memory: Memory): Promise<Memory> {
  const { minReplicas } = await ports.source.use(redisFacts);
  const sessions = await ports.source.use(async (redis) => String(await redis.client('LIST')));
  const addresses = [...sessions.matchAll(/\baddr=(\S+):\d+/g)].map(([, address]) => String(address));
  const serviceBefore = await ports.platform.serviceSpec(memory.place);
  const started: Switch = {
    begunAt: ports.now().toISOString(),
    users: [...(await ports.platform.users(memory.place, addresses))],
    limits: {},
    asked: false,
    // What an earlier fence has left is not what it was before.
    minReplicas: minReplicas === NOBODY_WRITES ? '0' : minReplicas,
    ...(serviceBefore === undefined ? {} : { serviceBefore: { ...serviceBefore } }),
  };
  const next: Memory = { ...memory, phase: 'switching', switch: started };
  await ports.memory.write(next);
  return next;
}

const letWrite = (ports: RedisPorts, { minReplicas }: Switch): Promise<unknown> =>
  ports.source.use((redis) => redis.config('SET', 'min-replicas-to-write', minReplicas ?? '0'));

async function goBack(ports: RedisPorts, memory: Memory): Promise<void> {
  const { switch: begun, ...rest } = memory;
  if (begun === undefined) return;
  await letWrite(ports, begun);
  await startUsers(ports, begun.users);
  await ports.memory.write({ ...rest, phase: 'following' });
}

async function untilCaughtUp(ports: RedisPorts, memory: Memory, lagSeconds: number): Promise<Memory> {
  const begun = memory.switch as Switch;
  try {
    await stopUsers(ports, begun.users);
    const end = await ports.source.use(async (redis) => {
      await redis.config('SET', 'min-replicas-to-write', NOBODY_WRITES);
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      return (await redisFacts(redis)).offset;
    });
    const { answer, accepted } = await poll(
      waitOf(ports, lagSeconds, 0.2),
      () => redisLag(ports, memory.place),
      ({ replayed }) => replayed !== undefined && replayed >= end,
    );
    if (!accepted) {
      throw new DrError({
        code: 'LAG-DID-NOT-END',
        where: 'switch',
        fact: `the stack’s Redis has not reached ${end} within ${lagSeconds} s: ${redisLagText(answer)}; the source takes writes again, and nothing was lost`,
        hint: '`dr adopt status --stack NAME` shows the lag; then the same command again',
      });
    }
    const next: Memory = { ...memory, switch: { ...begun, end: String(end) } };
    await ports.memory.write(next);
    return next;
  } catch (error) {
    await goBack(ports, memory);
    throw error;
  }
}

/** The services' own password is good beside the stack's; without one, everybody whom the network lets in. */
async function admit({ managed, login }: RedisPorts): Promise<void> {
  const rule = login.password === undefined ? 'nopass' : `>${login.password}`;
  await managed.use(async (redis) => {
    await redis.call('ACL', 'SETUSER', 'default', rule);
    if (login.password === undefined) await redis.config('SET', 'protected-mode', 'no');
  });
}

async function lead(ports: RedisPorts, memory: Memory): Promise<Memory> {
  const begun: Switch = { ...(memory.switch as Switch), asked: true };
  await ports.memory.write({ ...memory, switch: begun });
  await endFollowing(ports.managed);
  await admit(ports);
  const { offset } = await ports.managed.use(redisFacts);
  if (begun.serviceBefore !== undefined) await ports.platform.repoint(memory.place, 'redis');
  const next: Memory = {
    ...memory,
    switch: {
      ...begun,
      promotedAt: begun.promotedAt ?? ports.now().toISOString(),
      promotedEnd: begun.promotedEnd ?? String(offset),
      writesAfterSeconds: begun.writesAfterSeconds ?? (Date.now() - Date.parse(begun.begunAt)) / 1000,
    },
  };
  await ports.memory.write(next);
  return next;
}

/** Throws `LAG-DOES-NOT-END` (exit 6, nothing was changed), `LAG-DID-NOT-END` (it went back). */
export async function switchRedis(ports: RedisPorts, found: Memory, lagSeconds: number): Promise<Memory> {
  let memory = found;
  if (memory.phase === 'following') {
    const { answer, accepted } = await poll(
      waitOf(ports, lagSeconds),
      () => redisLag(ports, memory.place),
      ({ link }) => link === 'up',
    );
    if (!accepted) {
      throw precondition({
        code: 'LAG-DOES-NOT-END',
        where: 'switch',
        fact: `${redisLagText(answer)} after ${lagSeconds} s; nothing was changed`,
        hint: `let it follow again: dr adopt redis --stack ${ports.stack.name}`,
      });
    }
    memory = await begin(ports, memory);
  }
  if (memory.switch?.asked !== true) memory = await untilCaughtUp(ports, memory, lagSeconds);
  memory = await lead(ports, memory);
  const begun = memory.switch as Switch;
  await startUsers(ports, begun.users);
  const readyAfterSeconds = begun.readyAfterSeconds ?? (Date.now() - Date.parse(begun.begunAt)) / 1000;
  const done: Memory = { ...memory, phase: 'switched', switch: { ...begun, readyAfterSeconds } };
  await ports.memory.write(done);
  return done;
}

/** Bytes of the stream of writes since the promotion; undefined where the server has started again, or stopped counting. */
export async function redisWrittenSince(
  { managed }: RedisPorts,
  { switch: begun }: Memory,
): Promise<number | undefined> {
  if (begun?.promotedEnd === undefined) return 0;
  const { offset, counts } = await managed.use(redisFacts);
  const bytes = offset - Number(begun.promotedEnd);
  return counts && bytes >= 0 ? bytes : undefined;
}

export function redisWrittenText(bytes: number | undefined): string {
  return `${bytes === undefined ? 'an unknown number of bytes' : formatBytes(bytes)} of writes since the switch`;
}

/** Throws `LOSS-NOT-ACCEPTED` (exit 6): nothing was changed. */
export function refuseRedisLoss(bytes: number | undefined, acceptLoss: boolean): void {
  if (bytes === 0 || acceptLoss) return;
  throw precondition({
    code: 'LOSS-NOT-ACCEPTED',
    where: '--undo',
    fact: `the source never gets ${redisWrittenText(bytes)}`,
    hint: 'to give them up: --accept-loss',
  });
}

/** From a memory with a switch, whether it ended or not. May be repeated. */
export async function undoRedis(ports: RedisPorts, memory: Memory): Promise<Memory> {
  const begun = memory.switch as Switch;
  await stopUsers(ports, begun.users);
  if (begun.asked) await ports.managed.use((redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
  if (begun.serviceBefore !== undefined) await ports.platform.restoreService(memory.place, begun.serviceBefore);
  await letWrite(ports, begun);
  await startUsers(ports, begun.users);
  const undone: Memory = { ...memory, phase: 'undone' };
  await ports.memory.write(undone);
  return undone;
}
