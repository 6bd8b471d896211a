/** Role recovery on a real Kubernetes: a platform beside the one that is there, from its newest point in the second region alone. */
import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PORTS, REDIS } from '../../infra/cluster/ports.ts';
import { productionPlan } from '../../plan/production.ts';
import { type Pin, pinTarget } from '../../recovery/pin.ts';
import { kubernetesObjects } from '../infra/manifests-of.ts';
import { realKeys } from '../infra/real-keys.ts';
import { record } from '../infra/recording.ts';
import { applyStack } from './apply.ts';
import { holdersOf } from './archive.ts';
import { bringUp } from './bring-up.ts';
import { type Cluster, say, startCluster } from './cluster.ts';
import { runNow } from './cron.ts';
import { sql } from './database.ts';
import { place, S3_HOSTS, S3_PORT } from './place.ts';
import { poll } from './poll.ts';
import { localStack } from './stacks.ts';

const PLATFORM = 'go-coffee';
const FRESH = { platform: 'go-coffee-fresh', recovery: 'go-coffee-dr-fresh' } as const;
const READY_SECONDS = 300;

let cluster: Cluster;
let secrets: { signingKey: string; redis: string };
let pin: Pin;

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(async () => {
  await cluster?.end();
});

/** One connection to the Redis of a namespace: the node reaches every service. */
async function withRedis<T>(namespace: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const { spec } = await cluster.api.core.readNamespacedService({ name: REDIS, namespace });
  const redis = new Redis({ host: spec?.clusterIP ?? '', port: PORTS.redis, password: secrets.redis });
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** What a preview of the recovery does. This machine knows the S3 servers by their addresses only. */
async function newest(): Promise<Pin> {
  const { region, bucket, ca, keys } = cluster.storage.secondary;
  const found = await pinTarget({
    plan: { ...productionPlan, environment: 'local' },
    repository: {
      id: 'secondary',
      endpoint: `https://${S3_HOSTS.secondary.address}:${S3_PORT}`,
      region,
      bucket,
      uriStyle: 'path',
      ca: await readFile(ca, 'utf8'),
    },
    credentials: await keys('restorer'),
    signingKey: { name: 'first', secret: secrets.signingKey },
    from: 'latest',
    now: new Date(),
  });
  return found.pin;
}

async function archived(namespace: string, lineage: string): Promise<string[]> {
  const [row] = await sql(cluster.api, namespace, 'SELECT pg_walfile_name(pg_current_wal_lsn()) AS segment');
  await sql(cluster.api, namespace, 'SELECT pg_switch_wal()');
  return poll(
    120,
    () => holdersOf(place(), cluster.storage, lineage, String(row?.segment)),
    (ids) => ids.includes('secondary'),
  );
}

it('a platform is there, with a full backup, and with rows that only the WAL has', async () => {
  const outputs = await bringUp(cluster.api, await localStack(cluster.storage), say);
  secrets = outputs.secrets as typeof secrets;
  await sql(cluster.api, PLATFORM, 'CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id');
  await withRedis(PLATFORM, (redis) => redis.set('session', 'of before'));
  const { succeeded, log } = await runNow(cluster.api, 'go-coffee-dr', 'dr-daily', READY_SECONDS);
  expect(succeeded, log).toBe(true);
  await sql(cluster.api, PLATFORM, 'INSERT INTO orders SELECT generate_series(1001, 1500)');
  expect(await archived(PLATFORM, 'local-1')).toContain('secondary');
  await withRedis(PLATFORM, (redis) => redis.set('session-2', 'after the snapshot'));
});

it('its newest point is found by the door that a preview uses', async () => {
  pin = await newest();
  expect(pin).toMatchObject({ postgres: { lineage: 'local-1', end: { kind: 'end-of-wal' } }, redis: {} });
});

it('a fresh one comes up from it, in namespaces of its own', async () => {
  const { plain, secret } = await localStack(cluster.storage);
  const recording = await record(
    'local',
    {
      ...plain,
      ...secret,
      role: 'recovery',
      generation: 2,
      namespaces: FRESH,
      recovery: { from: pin.from, repository: pin.repository },
      secrets: { from: 'config' },
      secretValues: secrets,
    },
    {
      generate: realKeys(new Map()),
      previous: { leads: true, site: 'local', generation: 2, recoveredFrom: pin },
    },
  );
  await applyStack(cluster.api, kubernetesObjects(recording), { seconds: READY_SECONDS, say });
  expect(recording.outputs).toMatchObject({ role: 'recovery', lineage: 'local-2', recoveredFrom: pin });
});

it('every row of the archive is there, and it takes writes', async () => {
  const count = 'SELECT count(*)::int AS orders, pg_is_in_recovery() AS follows FROM orders';
  expect(await sql(cluster.api, FRESH.platform, count)).toEqual([{ orders: 1500, follows: false }]);
  await sql(cluster.api, FRESH.platform, 'INSERT INTO orders VALUES (2001)');
});

it('F30: it archives into a life of its own, which begins with a full backup; the other goes on', async () => {
  expect(await archived(FRESH.platform, 'local-2')).toContain('secondary');
  expect(await archived(PLATFORM, 'local-1')).toContain('secondary');
  const now = await poll(READY_SECONDS, newest, ({ postgres }) => postgres.lineage === 'local-2');
  expect(now.postgres).toMatchObject({ lineage: 'local-2', systemId: pin.postgres.systemId });
  expect(await sql(cluster.api, PLATFORM, 'SELECT count(*)::int AS orders FROM orders')).toEqual([{ orders: 1500 }]);
});

it('Redis has what the snapshot had; a restart of its pod changes nothing of it', async () => {
  const read = () => withRedis(FRESH.platform, (redis) => redis.mget('session', 'session-2', 'own'));
  expect(await read()).toEqual(['of before', null, null]);
  await withRedis(FRESH.platform, (redis) => redis.set('own', 'since then'));
  const pod = { name: `${REDIS}-0`, namespace: FRESH.platform };
  const before = (await cluster.api.core.readNamespacedPod(pod)).metadata?.uid;
  await cluster.api.core.deleteNamespacedPod(pod);
  const ready = await poll(
    120,
    () => cluster.api.core.readNamespacedPod(pod).catch(() => undefined),
    (found) => found?.metadata?.uid !== before && found?.status?.containerStatuses?.[0]?.ready === true,
  );
  expect(ready?.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
  expect(await read()).toEqual(['of before', null, 'since then']);
});
