/** The shop's own PostgreSQL and Redis are taken over by the stack beside it, while they are written to. */
import { describe, expect, it } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import { type Opened, openAdoption, passwordsOf } from '../../../recovery/adopt/cluster/open.ts';
import { postgresPorts } from '../../../recovery/adopt/cluster/postgres.ts';
import { redisMemory, redisPorts } from '../../../recovery/adopt/cluster/redis.ts';
import { roomOf } from '../../../recovery/adopt/cluster/room.ts';
import {
  followPostgres,
  type PostgresPorts,
  planPostgres,
  releasePostgres,
} from '../../../recovery/adopt/postgres/run.ts';
import { switchPostgres } from '../../../recovery/adopt/postgres/switch.ts';
import { followRedis, planRedis, type RedisPorts, releaseRedis } from '../../../recovery/adopt/redis/run.ts';
import { switchRedis } from '../../../recovery/adopt/redis/switch.ts';
import type { Memory, Store } from '../../../recovery/adopt/types.ts';
import { silentLog } from '../../../recovery/core/log.ts';
import { say } from '../cluster.ts';
import type { ClusterFixture } from '../fixture.ts';
import { addressOf, shopRedis, shopRows, startWriter, type Writer } from '../shop.ts';

const FROM = { postgres: 'postgres.shop-data', redis: 'redis.shop-data' } as const;
const FOLLOW_SECONDS = 300;
const LAG_SECONDS = 60;
/** Of the platform's writers, as it is promised. */
const DOWNTIME_SECONDS = 30;

export function adoption(fixture: ClusterFixture, stack: string): void {
  const api = () => fixture.cluster.api;
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
  const memoryOf = ({ memory }: Opened): Memory => {
    if (memory === undefined) throw new Error('nothing is adopted');
    return memory;
  };
  const follow = () =>
    withPostgres(async (ports, opened) => {
      const request = {
        ...{ from: FROM.postgres, place: opened.source.place, followSeconds: FOLLOW_SECONDS },
        ...{ slotLimit: '1GB', deletesClaims: false },
      };
      const planned = await planPostgres(
        ports,
        request,
        await roomOf(opened.cluster, opened.stack.outputs.namespaces.platform),
      );
      expect(planned.plan.findings.filter(({ refuses }) => refuses)).toEqual([]);
      expect(planned.plan.users).toContain('shop/auth-service');
      return followPostgres(ports, planned, request);
    }, FROM.postgres);
  const takeOver = () =>
    withPostgres(async (ports, opened) => {
      const done = await switchPostgres(ports, memoryOf(opened), { lagSeconds: LAG_SECONDS });
      await ports.stack.lead();
      return done;
    });

  describe('its PostgreSQL is adopted', () => {
    let writer: Writer;

    it('the stack’s server follows it under load', async () => {
      writer = await startWriter(api());
      await writer.more(20);
      expect(await follow()).toMatchObject({ streams: true });
    });

    it('takes over within half a minute, and nothing that was acknowledged is lost', async () => {
      const before = await addressOf(api(), 'postgres');
      await writer.more(20);
      const { switch: done } = await takeOver();
      await writer.more(20);
      const { acknowledged, gapSeconds } = await writer.stop();
      say(`nobody could write for ${done?.writesAfterSeconds} s; a client of its own for ${gapSeconds} s`);
      expect(done?.writesAfterSeconds).toBeLessThan(DOWNTIME_SECONDS);
      expect(await addressOf(api(), 'postgres')).not.toBe(before);
      const written = await shopRows(api(), 'SELECT number FROM written ORDER BY number');
      const found = new Set(written.map(({ number }) => number));
      expect(acknowledged.filter((number) => !found.has(number))).toEqual([]);
      expect(acknowledged.length).toBeGreaterThan(50);
    });

    it('the services of the shop write to it', async () => {
      const [row] = await shopRows(
        api(),
        `SELECT count(*)::int AS logins FROM logins, pg_stat_activity WHERE usename = 'shop' AND client_addr <> inet_server_addr() AND at > now() - interval '10 seconds'`,
      );
      expect(row?.logins).toBeGreaterThan(0);
    });
  });

  describe('its Redis is adopted', () => {
    it('follows, takes over, and holds what was written', async () => {
      const redis = await shopRedis(api());
      await redis.set('cart', 'two flat whites');
      redis.disconnect();
      await withRedis(async (ports, opened) => {
        const request = { from: FROM.redis, place: opened.source.place, followSeconds: FOLLOW_SECONDS };
        const context = { memoryBytes: await redisMemory(opened), replacesData: false, withoutPassword: true };
        const planned = await planRedis(ports, request, context);
        expect(planned.plan.findings.filter(({ refuses }) => refuses)).toEqual([]);
        await followRedis(ports, planned, request);
      }, FROM.redis);
      const done = await withRedis((ports, opened) => switchRedis(ports, memoryOf(opened), LAG_SECONDS));
      say(`nobody could write to Redis for ${done.switch?.writesAfterSeconds} s`);
      expect(done.switch?.writesAfterSeconds).toBeLessThan(DOWNTIME_SECONDS);
      const after = await shopRedis(api());
      expect(await after.get('cart')).toBe('two flat whites');
      await after.set('cart', 'a cortado');
      after.disconnect();
    });
  });

  describe('the way back is let go', () => {
    it('slot and roles go from the source, and its data stays', async () => {
      expect(await withPostgres((ports, opened) => releasePostgres(ports, memoryOf(opened)))).toContain(
        'role replicator',
      );
      await withRedis(releaseRedis);
    });
  });
}
