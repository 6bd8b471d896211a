/** The shop's own PostgreSQL and Redis are taken over by the stack beside it, taken back, and taken over again while they are written to. */
import { describe, expect, it } from 'vitest';
import { releasePostgres } from '../../../recovery/adopt/postgres/run.ts';
import { refuseLoss, undoPostgres, writtenSince } from '../../../recovery/adopt/postgres/undo.ts';
import { giveUpRedis, releaseRedis } from '../../../recovery/adopt/redis/run.ts';
import { redisWrittenSince, refuseRedisLoss, undoRedis } from '../../../recovery/adopt/redis/switch.ts';
import { adopting, memoryOf } from '../adopting.ts';
import { say } from '../cluster.ts';
import type { ClusterFixture } from '../fixture.ts';
import { poll } from '../poll.ts';
import { addressOf, shopRedis, shopRows, startWriter, type Writer } from '../shop.ts';

/** Of the platform's writers, as it is promised. */
const DOWNTIME_SECONDS = 30;
const WRITTEN_SECONDS = 60;

const LOGINS = `SELECT count(*)::int AS logins FROM logins, pg_stat_activity WHERE usename = 'shop' AND client_addr <> inet_server_addr() AND at > now() - interval '10 seconds'`;

export function adoption(fixture: ClusterFixture, stack: string): void {
  const api = () => fixture.cluster.api;
  const acts = adopting(fixture, stack);

  /** The services of the shop write to what its Service leads to. */
  async function serves(): Promise<void> {
    const logins = async () => Number((await shopRows(api(), LOGINS))[0]?.logins);
    expect(await poll(WRITTEN_SECONDS, logins, (count) => count > 0)).toBeGreaterThan(0);
  }
  async function cart(value?: string): Promise<string | null> {
    const redis = await shopRedis(api());
    try {
      if (value !== undefined) await redis.set('cart', value);
      return await redis.get('cart');
    } finally {
      redis.disconnect();
    }
  }

  describe('its PostgreSQL is adopted, and taken back', () => {
    let before: string;

    it('takes over', async () => {
      before = await addressOf(api(), 'postgres');
      expect(await acts.postgresFollows()).toMatchObject({ streams: true });
      await acts.postgresTakesOver();
      expect(await addressOf(api(), 'postgres')).not.toBe(before);
      await serves();
    });

    it('what was written since is said, and given up with consent alone: its Service leads to the source again', async () => {
      const undone = await acts.withPostgres(async (ports, opened) => {
        const memory = memoryOf(opened);
        const written = await writtenSince(ports.managed, memory);
        expect(written.tables['postgres.public.logins']).toBeGreaterThan(0);
        expect(() => refuseLoss(written, false)).toThrow(/public\.logins/);
        return undoPostgres(ports, memory);
      });
      expect(undone.phase).toBe('undone');
      expect(await addressOf(api(), 'postgres')).toBe(before);
      await serves();
      expect(await shopRows(api(), 'SHOW default_transaction_read_only')).toEqual([
        { default_transaction_read_only: 'off' },
      ]);
    });
  });

  describe('its PostgreSQL is adopted', () => {
    let writer: Writer;

    it('the stack’s server follows it under load', async () => {
      writer = await startWriter(api());
      await writer.more(20);
      expect(await acts.postgresFollows()).toMatchObject({ streams: true });
    });

    it('takes over within half a minute, and nothing that was acknowledged is lost', async () => {
      const before = await addressOf(api(), 'postgres');
      await writer.more(20);
      const { switch: done } = await acts.postgresTakesOver();
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

    it('the services of the shop write to it', serves);
  });

  describe('its Redis is adopted', () => {
    it('follows, and is let go before the switch', async () => {
      await cart('two flat whites');
      expect(await acts.redisFollows()).toMatchObject({ link: 'up' });
      const left = await acts.withRedis(async (ports) => {
        await giveUpRedis(ports);
        return ports.managed.use((redis) => redis.dbsize());
      });
      expect(left).toBe(0);
      expect(await cart()).toBe('two flat whites');
    });

    it('takes over, and is taken back with consent alone', async () => {
      const before = await addressOf(api(), 'redis');
      await acts.redisFollows();
      await acts.redisTakesOver();
      await cart('a lungo of after the switch');
      await acts.withRedis(async (ports, opened) => {
        const written = await redisWrittenSince(ports, memoryOf(opened));
        expect(written).toBeGreaterThan(0);
        expect(() => refuseRedisLoss(written, false)).toThrow(/of writes since the switch/);
        await undoRedis(ports, memoryOf(opened));
      });
      expect(await addressOf(api(), 'redis')).toBe(before);
      expect(await cart()).toBe('two flat whites');
      expect(await cart('three flat whites')).toBe('three flat whites');
    });

    it('follows again, takes over, and holds what was written', async () => {
      await acts.redisFollows();
      const done = await acts.redisTakesOver();
      say(`nobody could write to Redis for ${done.switch?.writesAfterSeconds} s`);
      expect(done.switch?.writesAfterSeconds).toBeLessThan(DOWNTIME_SECONDS);
      expect(await cart()).toBe('three flat whites');
      await cart('a cortado');
    });
  });

  describe('the way back is let go', () => {
    it('slot and roles go from the source, and its data stays', async () => {
      expect(await acts.withPostgres((ports, opened) => releasePostgres(ports, memoryOf(opened)))).toContain(
        'role replicator',
      );
      await acts.withRedis(releaseRedis);
    });
  });
}
