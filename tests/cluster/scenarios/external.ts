/** A plain PostgreSQL of another team's: dumped by a pod on its schedule, lost, and filled again by a pod of a rebuild. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Api, Manifest } from '../api.ts';
import { applyWhenKnown, untilGone, untilReady } from '../apply.ts';
import { say } from '../cluster.ts';
import { runNow } from '../cron.ts';
import type { ClusterFixture } from '../fixture.ts';
import { imageNames } from '../images.ts';
import { poll } from '../poll.ts';
import { PLAIN, runRebuild } from '../rebuild.ts';
import { stackOfExternal } from '../stacks.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/external/platform.yaml');
const NAMESPACE = 'trade';
const STACK = 'trade-dr';
const AGAIN = 'trade-again';
const THIRD = 'trade-third';
const RECEIVER = 'dr-wal-receiver';
const LOGIN = { user: 'trader', password: 'of-the-ledger' } as const;
const SERVER = { host: 'ledger.trade.svc', user: LOGIN.user, databases: ['ledger'], tls: 'disable' } as const;
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

const TOTALS = 'SELECT count(*)::int AS entries, sum(amount)::int AS total FROM entries';

export function external(fixture: ClusterFixture): void {
  const api = () => fixture.cluster.api;

  describe('a PostgreSQL that stays where it is', () => {
    let manifests: readonly Manifest[];
    const server = () => manifests.find(({ kind }) => kind === 'Deployment') as Manifest;

    it('runs, and a stack beside it makes none', async () => {
      const text = await readFile(FIXTURE, 'utf8');
      const { postgres } = await imageNames();
      manifests = parseAllDocuments(text.replaceAll(/image: POSTGRES\b/g, `image: ${postgres}`)).map(
        (document) => document.toJS() as Manifest,
      );
      for (const manifest of manifests) await applyWhenKnown(api(), manifest);
      await untilReady(api(), server(), READY);
      await rows(api(), 'CREATE DATABASE ledger', 'postgres');
      await rows(
        api(),
        'CREATE TABLE entries (id serial PRIMARY KEY, amount int); INSERT INTO entries (amount) SELECT i FROM generate_series(1, 300) i',
      );
      await fixture.bringUp(await stackOfExternal(fixture.cluster.storage, STACK, SERVER, LOGIN.password));
    });

    it('is dumped by the pod of a schedule', async () => {
      const { succeeded, log } = await runNow(api(), STACK, 'dr-daily', RUN_SECONDS);
      expect(succeeded, log).toBe(true);
      expect(await rows(api(), 'UPDATE entries SET amount = 0 RETURNING 1')).toHaveLength(300);
    });

    const lose = async (): Promise<void> => {
      await api().remove(server());
      await untilGone(api(), server(), READY);
      await applyWhenKnown(api(), server());
      await untilReady(api(), server(), READY);
      // The Service may lead to the pod that ends for some moments more.
      const said = () => rows(api(), TOTALS).then(String, String);
      const answer = await poll(SERVED_SECONDS, said, (text) => text.includes('database "ledger" does not exist'));
      expect(answer).toContain('database "ledger" does not exist');
    };
    const loadedBy = async (namespace: string): Promise<(string | undefined)[]> => {
      const { items } = await api().batch.listNamespacedJob({ namespace });
      const done = items.filter(({ status }) => status?.succeeded === 1).map(({ metadata }) => metadata?.name);
      return done.filter((name) => name?.startsWith('dr-load-'));
    };
    const rebuilt = async (stack: string, like: string): Promise<void> => {
      const set = {
        external: { postgres: { ...SERVER, wal: {}, onRecovery: 'restore' } },
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

    it('is lost, and an empty one takes its place', lose);

    it('is filled from its dumps by the pod of a rebuild, before any service', async () => {
      await rebuilt(AGAIN, STACK);
      expect(await rows(api(), TOTALS)).toEqual([{ entries: 300, total: 45_150 }]);
      expect(await loadedBy(AGAIN)).toEqual([expect.stringMatching(/^dr-load-postgres-dump-/)]);
    });

    it('its WAL is received by a pod, and copied by that of a schedule', async () => {
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

    it('is filled from its WAL after the next loss', async () => {
      await lose();
      await rebuilt(THIRD, AGAIN);
      expect(await rows(api(), TOTALS)).toEqual([{ entries: 301, total: 46_150 }]);
      expect(await loadedBy(THIRD)).toEqual([expect.stringMatching(/^dr-load-postgres-wal-/)]);
    });
  });
}
