/** A plain PostgreSQL and Redis of another team's: copied by a pod on its schedule, lost, and filled again by pods of a rebuild. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Api, Manifest } from '../api.ts';
import { applyWhenKnown, untilGone, untilReady } from '../apply.ts';
import { say } from '../cluster.ts';
import { runNow } from '../cron.ts';
import type { ClusterFixture, Secrets } from '../fixture.ts';
import { imageNames } from '../images.ts';
import { poll } from '../poll.ts';
import { PLAIN, runRebuild } from '../rebuild.ts';
import { withRedis } from '../redis.ts';
import { stackOfExternal } from '../stacks.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/external/platform.yaml');
const NAMESPACE = 'trade';
const STACK = 'trade-dr';
const AGAIN = 'trade-again';
const THIRD = 'trade-third';
const RECEIVER = 'dr-wal-receiver';
const LOGIN = { user: 'trader', password: 'of-the-ledger' } as const;
const SERVER = { host: 'ledger.trade.svc', user: LOGIN.user, databases: ['ledger'], tls: 'disable' } as const;
const CACHE = { host: 'cache.trade.svc', tls: 'disable' } as const;
const CACHE_PASSWORD = 'of-the-cache';
const READY = { seconds: 180, say };
const RUN_SECONDS = 600;
const CONNECT_MS = 5000;
const SERVED_SECONDS = 30;

async function connect(api: Api, database: string): Promise<pg.Client> {
  const { spec } = await api.core.readNamespacedService({ name: 'ledger', namespace: NAMESPACE });
  const at = { host: spec?.clusterIP ?? '', database, connectionTimeoutMillis: CONNECT_MS };
  const client = new pg.Client({ ...LOGIN, ...at });
  await client.connect();
  return client;
}

/** A Service leads to a new pod some moments after that is ready. */
async function rows(api: Api, text: string, database = 'ledger'): Promise<Record<string, unknown>[]> {
  const ask = () => connect(api, database).catch((error: NodeJS.ErrnoException) => error);
  const client = await poll(SERVED_SECONDS, ask, (found) => !(found instanceof Error && found.code === 'ECONNREFUSED'));
  if (client instanceof Error) throw client;
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function withCache<T>(api: Api, use: (redis: Redis) => Promise<T>): Promise<T> {
  const { spec } = await api.core.readNamespacedService({ name: 'cache', namespace: NAMESPACE });
  const redis = new Redis({ host: spec?.clusterIP ?? '', password: CACHE_PASSWORD, connectTimeout: CONNECT_MS });
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** Two keys, one of them of another database and with an end. */
const contents = (api: Api) =>
  withCache(api, async (redis) => {
    const basket = await redis.hgetall('basket:1');
    await redis.select(3);
    return { basket, session: await redis.get('session'), ends: (await redis.ttl('session')) > 0 };
  });

const HELD = { basket: { espresso: '2' }, session: 'open', ends: true };
const EMPTY = { basket: {}, session: null, ends: false };

const TOTALS = 'SELECT count(*)::int AS entries, sum(amount)::int AS total FROM entries';

export function external(fixture: ClusterFixture): void {
  const api = () => fixture.cluster.api;

  describe('stores that stay where they are', () => {
    let manifests: readonly Manifest[];
    const servers = () => manifests.filter(({ kind }) => kind === 'Deployment');

    it('run, and a stack beside them makes none', async () => {
      const { postgres, redis } = await imageNames();
      const text = (await readFile(FIXTURE, 'utf8'))
        .replaceAll(/image: POSTGRES\b/g, `image: ${postgres}`)
        .replaceAll(/image: REDIS\b/g, `image: ${redis}`);
      manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
      for (const manifest of manifests) await applyWhenKnown(api(), manifest);
      for (const server of servers()) await untilReady(api(), server, READY);
      await rows(api(), 'CREATE DATABASE ledger', 'postgres');
      await rows(
        api(),
        'CREATE TABLE entries (id serial PRIMARY KEY, amount int); INSERT INTO entries (amount) SELECT i FROM generate_series(1, 300) i',
      );
      await withCache(api(), async (redis) => {
        await redis.hset('basket:1', HELD.basket);
        await redis.select(3);
        await redis.set('session', 'open', 'EX', 86_400);
      });
      const passwords = { postgres: LOGIN.password, redis: CACHE_PASSWORD };
      const stores = { postgres: SERVER, redis: CACHE };
      await fixture.bringUp(await stackOfExternal(fixture.cluster.storage, STACK, stores, passwords));
      const sets = await api().apps.listNamespacedStatefulSet({ namespace: `${STACK}-platform` });
      expect(sets.items.map(({ metadata }) => metadata?.name)).toEqual([]);
    });

    it('are copied by the pod of a schedule', async () => {
      const { succeeded, log } = await runNow(api(), STACK, 'dr-daily', RUN_SECONDS);
      expect(succeeded, log).toBe(true);
      await withCache(api(), (redis) => redis.set('after', 'the copy'));
      expect(await rows(api(), 'UPDATE entries SET amount = 0 RETURNING 1')).toHaveLength(300);
    });

    const lose = async (): Promise<void> => {
      for (const server of servers()) await api().remove(server);
      for (const server of servers()) await untilGone(api(), server, READY);
      for (const server of servers()) await applyWhenKnown(api(), server);
      for (const server of servers()) await untilReady(api(), server, READY);
      // The Service may lead to the pod that ends for some moments more.
      const said = () => rows(api(), TOTALS).then(String, String);
      const answer = await poll(SERVED_SECONDS, said, (text) => text.includes('database "ledger" does not exist'));
      expect(answer).toContain('database "ledger" does not exist');
      const held = () => contents(api()).catch(String);
      const isEmpty = (found: object | string) => isDeepStrictEqual(found, EMPTY);
      expect(await poll(SERVED_SECONDS, held, isEmpty)).toEqual(EMPTY);
    };
    const loadedBy = async (namespace: string): Promise<(string | undefined)[]> => {
      const { items } = await api().batch.listNamespacedJob({ namespace });
      const done = items.filter(({ status }) => status?.succeeded === 1).map(({ metadata }) => metadata?.name);
      return done.filter((name) => name?.startsWith('dr-load-')).toSorted();
    };
    const rebuilt = async (stack: string, like: string, redis: unknown): Promise<void> => {
      const set = {
        external: { postgres: { ...SERVER, wal: {}, onRecovery: 'restore' }, redis },
        namespaces: { platform: `${stack}-platform`, recovery: stack },
      };
      const request = { ...PLAIN, stack, like, set, declaredAt: new Date() };
      const { outcome, lines } = await runRebuild(fixture, { request });
      if (outcome === undefined) throw new Error(lines.join('\n'));
      expect(outcome.failure?.fact).toBeUndefined();
      // Exit 3 says no more than that no tier has services.
      expect(outcome).toMatchObject({ exit: 3, setAside: [] });
      expect(outcome.checks.filter(({ ok }) => !ok)).toEqual([]);
    };

    it('are lost, and empty ones take their place', lose);

    it('are filled from their copies by pods of a rebuild, before any service', async () => {
      await rebuilt(AGAIN, STACK, { ...CACHE, onRecovery: 'restore' });
      expect(await rows(api(), TOTALS)).toEqual([{ entries: 300, total: 45_150 }]);
      expect(await contents(api())).toEqual(HELD);
      expect(await withCache(api(), (redis) => redis.exists('after'))).toBe(0);
      expect(await loadedBy(AGAIN)).toEqual([
        expect.stringMatching(/^dr-load-postgres-dump-/),
        expect.stringMatching(/^dr-load-redis-/),
      ]);
    });

    it('the WAL of PostgreSQL is received by a pod, and copied by that of a schedule', async () => {
      const receiver = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: RECEIVER, namespace: AGAIN } };
      await untilReady(api(), receiver, READY);
      await poll(
        SERVED_SECONDS,
        () => rows(api(), 'SELECT FROM pg_replication_slots WHERE active'),
        (found) => found.length > 0,
      );
      const copy = async (): Promise<void> => {
        const { succeeded, log } = await runNow(api(), AGAIN, 'dr-received-wal', RUN_SECONDS);
        expect(succeeded, log).toBe(true);
      };
      await copy();
      await rows(api(), 'INSERT INTO entries (amount) VALUES (1000)');
      await copy();
    });

    it('after the next loss PostgreSQL is filled from its WAL, and a Redis of the stack’s own takes the other’s place', async () => {
      await lose();
      await rebuilt(THIRD, AGAIN, 'none');
      expect(await rows(api(), TOTALS)).toEqual([{ entries: 301, total: 46_150 }]);
      expect(await loadedBy(THIRD)).toEqual([expect.stringMatching(/^dr-load-postgres-wal-/)]);
      const { secrets } = await (await fixture.engine.select(THIRD)).outputs();
      const { redis } = secrets as Secrets;
      const held = await withRedis(api(), `${THIRD}-platform`, redis, (own) => own.hgetall('basket:1'));
      expect(held).toEqual(HELD.basket);
      expect(await contents(api())).toEqual(EMPTY);
    });
  });
}
