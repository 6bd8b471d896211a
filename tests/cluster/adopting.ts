/** What `dr adopt` does to the shop's own PostgreSQL and Redis, with the engine of the scenarios. */
import { expect } from 'vitest';
import { productionPlan } from '../../plan/production.ts';
import { type Opened, openAdoption, passwordsOf } from '../../recovery/adopt/cluster/open.ts';
import { postgresPorts } from '../../recovery/adopt/cluster/postgres.ts';
import { redisMemory, redisPorts } from '../../recovery/adopt/cluster/redis.ts';
import { roomOf } from '../../recovery/adopt/cluster/room.ts';
import { followPostgres, type PostgresPorts, planPostgres } from '../../recovery/adopt/postgres/run.ts';
import { switchPostgres } from '../../recovery/adopt/postgres/switch.ts';
import { followRedis, planRedis, type RedisPorts } from '../../recovery/adopt/redis/run.ts';
import { switchRedis } from '../../recovery/adopt/redis/switch.ts';
import type { Memory, Store } from '../../recovery/adopt/types.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { say } from './cluster.ts';
import type { ClusterFixture } from './fixture.ts';

const FROM = { postgres: 'postgres.shop-data', redis: 'redis.shop-data' } as const;
const FOLLOW_SECONDS = 300;
const LAG_SECONDS = 60;

export function memoryOf({ memory }: Opened): Memory {
  if (memory === undefined) throw new Error('nothing is adopted');
  return memory;
}

export function adopting(fixture: ClusterFixture, stack: string) {
  const open = (store: Store, from?: string): Promise<Opened> =>
    openAdoption({
      engine: fixture.engine,
      plan: { ...productionPlan, environment: 'local' },
      ...{ stack, store, from },
      progress: ({ title, state, detail }) => say(`${state} ${title}${detail === undefined ? '' : `: ${detail}`}`),
      log: silentLog,
      now: () => new Date(),
      signal: new AbortController().signal,
    });

  async function withPostgres<T>(use: (ports: PostgresPorts, opened: Opened) => Promise<T>, from?: string): Promise<T> {
    await using opened = await open('postgres', from);
    const { replication } = await passwordsOf(opened.stack);
    const login = { user: 'shop', password: 'of-the-shop' };
    return await use(await postgresPorts(opened, login, replication), opened);
  }

  async function withRedis<T>(use: (ports: RedisPorts, opened: Opened) => Promise<T>, from?: string): Promise<T> {
    await using opened = await open('redis', from);
    const { redis } = await passwordsOf(opened.stack);
    return await use(await redisPorts(opened, { user: undefined, password: undefined }, redis), opened);
  }

  return {
    withPostgres,
    withRedis,

    postgresFollows: () =>
      withPostgres(async (ports, opened) => {
        const request = {
          ...{ from: FROM.postgres, place: opened.source.place, followSeconds: FOLLOW_SECONDS },
          // A copy of an earlier adoption that was taken back.
          ...{ slotLimit: '1GB', deletesClaims: true },
        };
        const room = await roomOf(opened.cluster, opened.stack.outputs.namespaces.platform);
        const planned = await planPostgres(ports, request, room);
        expect(planned.plan.findings.filter(({ refuses }) => refuses)).toEqual([]);
        expect(planned.plan.users).toContain('shop/auth-service');
        return followPostgres(ports, planned, request);
      }, FROM.postgres),

    postgresTakesOver: () =>
      withPostgres(async (ports, opened) => {
        const done = await switchPostgres(ports, memoryOf(opened), { lagSeconds: LAG_SECONDS });
        await ports.stack.lead();
        return done;
      }),

    redisFollows: () =>
      withRedis(async (ports, opened) => {
        const request = { from: FROM.redis, place: opened.source.place, followSeconds: FOLLOW_SECONDS };
        const context = { memoryBytes: await redisMemory(opened), replacesData: true, withoutPassword: true };
        const planned = await planRedis(ports, request, context);
        expect(planned.plan.findings.filter(({ refuses }) => refuses)).toEqual([]);
        return followRedis(ports, planned, request);
      }, FROM.redis),

    redisTakesOver: () => withRedis((ports, opened) => switchRedis(ports, memoryOf(opened), LAG_SECONDS)),
  };
}
