/**
 * The stack `local` on a real Kubernetes, as its program declares it: it comes up, archives, and every CronJob's run succeeds; then
 * the standby comes up beside it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scheduledJobs } from '../../infra/schedules/jobs.ts';
import { productionPlan } from '../../plan/production.ts';
import { holdersOf } from './archive.ts';
import { bringUp } from './bring-up.ts';
import { type Cluster, KEPT, say, startCluster } from './cluster.ts';
import { runNow } from './cron.ts';
import { members, type Row, sql } from './database.ts';
import { defineOperatorKinds, refusals } from './dry-run.ts';
import { leftovers } from './leftovers.ts';
import { place } from './place.ts';
import { poll } from './poll.ts';
import { declared, localStack, STANDBY, shippedStack, standbyStack } from './stacks.ts';

const PLATFORM = 'go-coffee';
const RECOVERY = 'go-coffee-dr';
/** For one run of a CronJob, below its own deadline: a drill of five scenarios takes the longest. */
const RUN_SECONDS = 1200;

/** In the order in which they make sense; the offsite copy goes onto a drive, which no pod has. */
const JOBS = scheduledJobs(productionPlan, ['local', 'primary', 'secondary']);
const idsOf = (drills: boolean): string[] =>
  JOBS.filter(({ purpose }) => (purpose === 'drill') === drills).map(({ id }) => id);

let cluster: Cluster;
let local: Readonly<Record<string, unknown>> | undefined;

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(async () => {
  await cluster?.end();
});

const count = async (namespace: string, host?: string): Promise<Row[]> =>
  sql(cluster.api, namespace, 'SELECT count(*)::int AS orders FROM orders', host).catch(() => []);

const rolesOf = (found: readonly { role: string; state: string }[]): string[] =>
  found.map(({ role, state }) => `${role} ${state}`).sort();

describe('manifests', () => {
  beforeAll(() => defineOperatorKinds(cluster.api));

  it.each([
    ['production', 'production', {}],
    ['dr-standby', 'dr', {}],
    ['dr-promoted', 'dr', { role: 'primary' }],
  ] as const)('of %s are what the server takes', async (name, stack, config) => {
    const { objects } = await declared(shippedStack(stack, name, config));
    expect(await refusals(cluster.api, objects)).toEqual([]);
  });
});

describe('local', () => {
  it('comes up', async () => {
    local = await bringUp(cluster.api, await localStack(cluster.storage), say);
    expect(local).toMatchObject({ role: 'primary', lineage: 'local-1' });
  });

  it('leads, and a replica follows', async () => {
    const { api } = cluster;
    const found = await poll(
      120,
      () => members(api, PLATFORM),
      (all) => all.every(({ state }) => state !== 'starting') && all.length === 2,
    );
    expect(rolesOf(found)).toEqual(['leader running', expect.stringMatching(/^replica (running|streaming)$/)]);
    await sql(api, PLATFORM, 'CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id');
    const replica = found.find(({ role }) => role === 'replica')?.host;
    const rows = await poll(
      60,
      () => count(PLATFORM, replica),
      ([row]) => row?.orders === 1000,
    );
    expect(rows).toEqual([{ orders: 1000 }]);
  });

  it('archives into every repository', async () => {
    const [before] = await sql(cluster.api, PLATFORM, 'SELECT pg_walfile_name(pg_current_wal_lsn()) AS segment');
    await sql(cluster.api, PLATFORM, 'SELECT pg_switch_wal()');
    const holders = await poll(
      120,
      () => holdersOf(place(), cluster.storage, 'local-1', String(before?.segment)),
      (ids) => ids.length === 3,
    );
    expect(holders).toEqual(['local', 'primary', 'secondary']);
  });

  it('declares the CronJobs of the plan', async () => {
    const { items } = await cluster.api.batch.listNamespacedCronJob({ namespace: RECOVERY });
    const names = items.map(({ metadata }) => metadata?.name).sort();
    expect(names).toEqual(JOBS.map(({ id }) => `dr-${id}`).sort());
  });

  const succeeds = async (id: string): Promise<void> => {
    const { succeeded, log } = await runNow(cluster.api, RECOVERY, `dr-${id}`, RUN_SECONDS);
    expect(succeeded, log).toBe(true);
  };

  it.each(idsOf(false))('dr-%s succeeds', succeeds);

  // Each is a platform of its own inside of a pod: they share nothing.
  describe.concurrent('drills', () => {
    it.each(idsOf(true))('dr-%s succeeds', succeeds);
  });
});

describe('dr beside it', () => {
  it('comes up', async () => {
    const standby = await bringUp(cluster.api, await standbyStack(cluster.storage, local?.secrets), say);
    expect(standby).toMatchObject({ role: 'standby', lineage: 'eu-west-1-1' });
  });

  it('follows from S3 alone', async () => {
    const { api } = cluster;
    const found = await poll(
      120,
      () => members(api, STANDBY.platform),
      (all) => all.length === 2 && all.some(({ role }) => role === 'standby_leader'),
    );
    expect(found.map(({ role }) => role).sort()).toEqual(['replica', 'standby_leader']);
    const leader = found.find(({ role }) => role === 'standby_leader')?.host;
    await sql(api, PLATFORM, 'INSERT INTO orders SELECT generate_series(1001, 1500)');
    await sql(api, PLATFORM, 'SELECT pg_switch_wal()');
    const rows = await poll(
      180,
      () => count(STANDBY.platform, leader),
      ([row]) => row?.orders === 1500,
    );
    expect(rows).toEqual([{ orders: 1500 }]);
    expect(await sql(api, STANDBY.platform, 'SELECT status FROM pg_stat_wal_receiver', leader)).toEqual([]);
  });

  it('copies nothing until it leads', async () => {
    const { items } = await cluster.api.batch.listNamespacedCronJob({ namespace: STANDBY.recovery });
    const suspended = items.filter(({ spec }) => spec?.suspend === true).map(({ metadata }) => metadata?.name);
    expect(suspended.sort()).toEqual(['dr-daily', 'dr-hourly', 'dr-prune', 'dr-redis', 'dr-weekly-config']);
  });
});

describe('down', () => {
  it.skipIf(KEPT)('leaves nothing', async () => {
    await cluster.end();
    expect(await leftovers(place())).toEqual([]);
  });
});
