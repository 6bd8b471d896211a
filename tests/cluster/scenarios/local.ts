/** Scenario 1: `local` comes up, services live on it under load, and every CronJob's run succeeds. */
import { describe, expect, it } from 'vitest';
import type { Load } from '../../../drill/load/load.ts';
import { scheduledJobs } from '../../../infra/jobs/jobs.ts';
import { productionPlan } from '../../../plan/production.ts';
import { archived } from '../archive.ts';
import { type Run, runNow } from '../cron.ts';
import { connectDatabase, DATABASE, members, sql } from '../database.ts';
import { type ClusterFixture, lossesOf, OWN_SECRETS, PLATFORM, RECOVERY } from '../fixture.ts';
import { whyNotEnforced } from '../network-policies.ts';
import { poll } from '../poll.ts';
import { databaseOf, KUBERNETES_API, OBJECT_STORAGE, reachOf } from '../reach.ts';
import { withRedis } from '../redis.ts';
import { seedData } from '../services/data.ts';
import { deployServices, servicesNotReady } from '../services/deploy.ts';
import { localStack } from '../stacks.ts';

/** For one run of a CronJob, below its own deadline. */
const RUN_SECONDS = 1200;

/** In the order in which they make sense; the offsite copy goes onto a drive, which no pod has. */
const JOBS = scheduledJobs(productionPlan, ['local', 'primary', 'secondary'], []);

/**
 * One drill shows that a pod has what a drill needs. What the six of the plan do in it is the same `dr drill` that runs on this machine
 * by itself, scenario by scenario: all in pods took two thirds of these scenarios' time.
 */
const DRILL = 'configuration-restore';

/** A drill takes minutes and shares nothing: it runs while the scenarios go on. */
export interface Beside {
  drill?: Promise<Run>;
}

export function local(fixture: ClusterFixture, beside: Beside): void {
  const api = () => fixture.cluster.api;

  describe('1: local', () => {
    let load: Load;

    it('comes up', async () => {
      fixture.outputs = await fixture.bringUp(await localStack(fixture.cluster.storage));
      expect(fixture.outputs).toMatchObject({ role: 'primary', lineage: 'local-1' });
      fixture.now = { recovery: RECOVERY, lineage: 'local-1', outputs: fixture.outputs };
    });

    it('leads, and a replica follows', async () => {
      const found = await poll(
        120,
        () => members(api(), PLATFORM),
        (all) => all.every(({ state }) => state !== 'starting') && all.length === 2,
      );
      const roles = found.map(({ role, state }) => `${role} ${state}`).sort();
      expect(roles).toEqual(['leader running', expect.stringMatching(/^replica (running|streaming)$/)]);
    });

    it('services that find no data are not ready', async () => {
      const passwords = { application: fixture.secrets.postgres.application, redis: fixture.secrets.redis };
      await deployServices(api(), { namespace: PLATFORM, database: DATABASE, passwords, ...OWN_SECRETS });
      // They run, and say what they miss.
      const refused = await poll(
        120,
        () => notReady('auth-service'),
        (text) => text.includes('503'),
      );
      expect(refused).toContain('503');
    });

    it('with it they are, and the load starts', async () => {
      const client = await connectDatabase(api(), PLATFORM, 'application');
      await withRedis(api(), PLATFORM, fixture.secrets.redis, (redis) => seedData(client, redis)).finally(() =>
        client.end(),
      );
      expect(await servicesNotReady(api(), PLATFORM, 120)).toEqual([]);
      load = await fixture.startLoad(PLATFORM);
      await load.more(50);
    });

    it('services reach what they may, and nothing else', async ({ skip }) => {
      const why = await whyNotEnforced();
      skip(why !== undefined, why);
      const database = databaseOf(PLATFORM);
      const reached = await reachOf(api(), PLATFORM, 'order-service', [database, OBJECT_STORAGE, KUBERNETES_API]);
      expect(reached).toEqual({ [database]: 'open', [OBJECT_STORAGE]: 'shut', [KUBERNETES_API]: 'shut' });
    });

    it('archives into every repository', async () => {
      const holders = await archived(fixture.cluster, PLATFORM, 'local-1');
      expect(holders).toEqual(['local', 'primary', 'secondary']);
    });

    it('declares the CronJobs of the plan', async () => {
      const { items } = await api().batch.listNamespacedCronJob({ namespace: RECOVERY });
      const names = items.map(({ metadata }) => metadata?.name).sort();
      expect(names).toEqual(JOBS.map(({ id }) => `dr-${id}`).sort());
    });

    it.each(JOBS.filter(({ purpose }) => purpose !== 'drill').map(({ id }) => id))('dr-%s succeeds', async (id) => {
      const { succeeded, log } = await runNow(api(), RECOVERY, `dr-${id}`, RUN_SECONDS);
      expect(succeeded, log).toBe(true);
      if (id === 'daily') expect(log).toMatch(/files of postgres-\d\.postgres-members\./);
    });

    it('nothing was lost on the way', async () => {
      const { died } = await load.stop();
      expect(died).toBeUndefined();
      expect(lossesOf(await fixture.compare(PLATFORM, new Date()))).toEqual([]);
      const [row] = await sql(api(), PLATFORM, 'SELECT count(*)::int AS services FROM service_heartbeats');
      expect(row).toEqual({ services: 7 });
      beside.drill = runNow(api(), RECOVERY, `dr-${DRILL}`, RUN_SECONDS);
    });
  });

  /** Events of a service's pods. */
  async function notReady(name: string): Promise<string> {
    const { items } = await api().core.listNamespacedEvent({ namespace: PLATFORM });
    return items
      .filter(({ involvedObject }) => involvedObject.name?.startsWith(name))
      .map(({ message }) => message)
      .join('\n');
  }
}

export function drillBeside(beside: Beside): void {
  it(`dr-${DRILL} succeeds in a pod, beside the scenarios`, async () => {
    const run = await beside.drill;
    expect(run?.succeeded, run?.log).toBe(true);
  });
}
