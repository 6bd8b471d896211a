/** A Redis of the platform is followed, taken over under load, and taken back: with two real servers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../drill/host/ports.ts';
import { endTracked, startDaemon, waitFor } from '../../../drill/host/processes.ts';
import { redisFindings } from '../../../recovery/adopt/redis/checks.ts';
import { followRedis, planRedis, type RedisPorts, releaseRedis } from '../../../recovery/adopt/redis/run.ts';
import { redisServer } from '../../../recovery/adopt/redis/server.ts';
import { redisWrittenSince, refuseRedisLoss, switchRedis, undoRedis } from '../../../recovery/adopt/redis/switch.ts';
import type { Memory } from '../../../recovery/adopt/types.ts';
import { poll } from '../../../recovery/core/poll.ts';
import { FakePlatform } from './fake-platform.ts';

const PASSWORDS = { shop: 'shop-key', stack: 'stack-key' };
const CONTEXT = { memoryBytes: 1e9, replacesData: false, withoutPassword: false };

const platform = new FakePlatform();
const reached: string[] = [];
let folder: string;
let ports: RedisPorts;
let addresses: { readonly shop: number; readonly stack: number };

async function start(name: 'shop' | 'stack'): Promise<number> {
  const port = await freePort(undefined);
  const file = join(folder, `${name}.conf`);
  const lines = [`port ${port}`, 'bind 127.0.0.1', 'save ""', `dir ${folder}`, `requirepass ${PASSWORDS[name]}`];
  await writeFile(file, `${[...lines, 'repl-diskless-sync-delay 0'].join('\n')}\n`, { mode: 0o600 });
  await startDaemon({
    argv: ['redis-server', file],
    cwd: folder,
    logFile: join(folder, `${name}.log`),
    pidFile: join(folder, `${name}.pid`),
  });
  const server = serverOf(name, port, PASSWORDS[name]);
  await waitFor(`Redis ${name}`, () => server.use(async () => true).catch(() => false), 20);
  return port;
}

const serverOf = (describe: string, port: number, password: string | undefined) =>
  redisServer({ describe, host: '127.0.0.1', port }, { user: undefined, password });

beforeAll(async () => {
  folder = await mkdtemp('/tmp/dr-adopt-redis-');
  addresses = { shop: await start('shop'), stack: await start('stack') };
  const source = serverOf('shop', addresses.shop, PASSWORDS.shop);
  ports = {
    ...platform.ports(),
    servers: [source],
    source,
    managed: serverOf('stack', addresses.stack, PASSWORDS.stack),
    login: { user: undefined, password: PASSWORDS.shop },
    stack: {
      name: 'beside',
      generation: async () => 1,
      reach: async (place, password) => void reached.push(`${place.host} ${password}`),
      leave: async () => void reached.push('shut'),
    },
  };
}, 60_000);

afterAll(async () => {
  for (const name of ['shop', 'stack']) await endTracked(join(folder, `${name}.pid`), 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const memory = () => platform.memory as Memory;
const request = () => ({
  from: 'redis.shop-data',
  place: { host: '127.0.0.1', port: addresses.shop },
  followSeconds: 100,
});
const plan = (more: object = {}) => planRedis(ports, request(), { ...CONTEXT, ...more });
const codes = async (more: object = {}) => (await plan(more)).plan.findings.map(({ code }) => code);

describe('before anything changes', () => {
  test('a sound source has nothing against it', async () => expect(await codes()).toEqual([]));

  test('a wrong password is said', async () => {
    const wrong = serverOf('shop', addresses.shop, 'wrong');
    await expect(planRedis({ ...ports, servers: [wrong] }, request(), CONTEXT)).rejects.toMatchObject({
      code: 'SOURCE-DENIED',
      exit: 2,
    });
  });

  test('keys of the stack’s own, ACL users, no password, two servers, and the stack itself refuse', async () => {
    await ports.managed.use((redis) => redis.set('own', 1));
    expect(await codes()).toEqual(['MANAGED-NOT-EMPTY']);
    expect(await codes({ replacesData: true })).toEqual([]);
    await ports.managed.use((redis) => redis.flushall());
    await ports.source.use((redis) => redis.call('ACL', 'SETUSER', 'reports', 'on', '>x', '~*', '+@read'));
    expect(await codes()).toEqual(['REDIS-USERS']);
    await ports.source.use((redis) => redis.call('ACL', 'DELUSER', 'reports'));
    const both = { ...ports, servers: [ports.source, ports.managed] };
    expect((await planRedis(both, request(), CONTEXT)).plan.findings[0]?.code).toBe('TWO-STORES');
    const own = { ...ports, servers: [ports.managed] };
    expect((await planRedis(own, request(), CONTEXT)).plan.findings[0]?.code).toBe('SOURCE-IS-OURS');
  });

  test('a newer source, a cluster and one without a password refuse', async () => {
    const { redisFacts } = await import('../../../recovery/adopt/redis/server.ts');
    const [source, own] = [await ports.source.use(redisFacts), await ports.managed.use(redisFacts)];
    const found = (more: object, context: object = {}) =>
      redisFindings([{ ...source, ...more }], own, { ...CONTEXT, resumes: false, ...context }).map(({ code }) => code);
    expect(found({ version: '99.0.1' })).toEqual(['REDIS-NEWER']);
    expect(found({ version: '2.8.24' })).toEqual([]);
    expect(found({ cluster: true })).toEqual(['REDIS-CLUSTER']);
    expect(found({ open: true })).toEqual(['NO-PASSWORD']);
    expect(found({ open: true }, { withoutPassword: true })).toEqual([]);
    expect(found({ role: 'slave', follows: 'a:1' })).toEqual(['SOURCE-IN-RECOVERY']);
    expect(memory()).toBeUndefined();
  });
});

interface Writer {
  readonly acknowledged: number[];
  stop(): Promise<void>;
}

/** Writes wherever the platform's name leads to, with the password that the platform's services have. */
function startWriter(): Writer {
  const acknowledged: number[] = [];
  let stopped = false;
  const work = async (): Promise<void> => {
    let client: Redis | undefined;
    for (let n = acknowledged.length + 1; !stopped; n += 1) {
      try {
        const port = platform.leadsTo === 'stack' ? addresses.stack : addresses.shop;
        if (client === undefined) {
          const options = { host: '127.0.0.1', port, password: PASSWORDS.shop, lazyConnect: true };
          client = new Redis({ ...options, retryStrategy: () => null, maxRetriesPerRequest: 0 });
          client.on('error', () => {});
          await client.connect();
        }
        await client.set(`n${n}`, n);
        acknowledged.push(n);
      } catch {
        client?.disconnect();
        client = undefined;
        await delay(20);
      }
    }
    client?.disconnect();
  };
  const working = work();
  return {
    acknowledged,
    async stop() {
      stopped = true;
      await working;
    },
  };
}

const more = (writer: Writer, than: number) =>
  poll(
    { seconds: 20, everySeconds: 0.05 },
    async () => writer.acknowledged.length,
    (n) => n > than,
  );

describe('the stack’s Redis', () => {
  test('follows', async () => {
    expect(await followRedis(ports, await plan(), request())).toMatchObject({ link: 'up' });
    expect(memory()).toMatchObject({ store: 'redis', phase: 'following' });
    expect(reached).toEqual([`127.0.0.1 ${PASSWORDS.shop}`]);
  });

  test('one that has started anew follows nobody, is not taken for a follower, and follows again', async () => {
    await ports.managed.use((redis) => redis.replicaof('NO', 'ONE'));
    await expect(switchRedis(ports, memory(), 2)).rejects.toMatchObject({ code: 'LAG-DOES-NOT-END', exit: 6 });
    expect(memory().phase).toBe('following');
    expect(await followRedis(ports, await plan(), request())).toMatchObject({ link: 'up' });
  });

  test('takes over under load, and no acknowledged write is lost', async () => {
    platform.done.length = 0;
    const writer = startWriter();
    await more(writer, 200);
    const done = await switchRedis(ports, memory(), 60);
    expect(done).toMatchObject({ phase: 'switched' });
    expect(done.switch?.writesAfterSeconds).toBeLessThan(30);
    const before = writer.acknowledged.length;
    await more(writer, before + 50);
    await writer.stop();
    expect(writer.acknowledged.length).toBeGreaterThan(before + 50);
    const keys = new Set(await ports.managed.use((redis) => redis.keys('n*')));
    expect(writer.acknowledged.filter((n) => !keys.has(`n${n}`))).toEqual([]);
    expect(platform.done).toContain('repoint');
  });

  test('the source takes no write any more', async () => {
    await expect(ports.source.use((redis) => redis.set('late', 1))).rejects.toThrow(/NOREPLICAS/);
  });

  test('the way back says what would be lost, and goes with consent alone', async () => {
    const bytes = await redisWrittenSince(ports, memory());
    expect(bytes).toBeGreaterThan(0);
    expect(() => refuseRedisLoss(bytes, false)).toThrow('DR-LOSS-NOT-ACCEPTED');
    expect(() => refuseRedisLoss(bytes, true)).not.toThrow();
    expect(() => refuseRedisLoss(undefined, false)).toThrow('an unknown number of bytes');
    expect(() => refuseRedisLoss(0, false)).not.toThrow();
    expect(await undoRedis(ports, memory())).toMatchObject({ phase: 'undone' });
    expect(platform.leadsTo).toBe('platform');
    await ports.source.use((redis) => redis.set('again', 1));
  });

  test('a release forgets it', async () => {
    await releaseRedis(ports);
    expect(memory()).toBeUndefined();
    expect(reached.at(-1)).toBe('shut');
  });
});
