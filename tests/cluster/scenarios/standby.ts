/** The standby beside `local`: it follows from S3 alone. */
import { describe, expect, it } from 'vitest';
import { members, type Row, sql } from '../database.ts';
import { type ClusterFixture, PLATFORM } from '../fixture.ts';
import { poll } from '../poll.ts';
import { SERVICES } from '../services/manifests.ts';
import { STANDBY, standbyStack } from '../stacks.ts';

export function standby(fixture: ClusterFixture): void {
  const api = () => fixture.cluster.api;
  const count = async (namespace: string, host?: string): Promise<Row | undefined> =>
    (await sql(api(), namespace, 'SELECT count(*)::int AS orders FROM orders', host).catch(() => []))[0];

  describe('dr beside it', () => {
    it('comes up', async () => {
      const outputs = await fixture.bringUp(await standbyStack(fixture.cluster.storage, fixture.outputs));
      expect(outputs).toMatchObject({ role: 'standby', lineage: 'eu-west-1-1' });
    });

    it('follows from S3 alone', async () => {
      const found = await poll(
        120,
        () => members(api(), STANDBY.platform),
        (all) => all.length === 2 && all.some(({ role }) => role === 'standby_leader'),
      );
      expect(found.map(({ role }) => role).sort()).toEqual(['replica', 'standby_leader']);
      const leader = found.find(({ role }) => role === 'standby_leader')?.host;
      const wanted = await count(PLATFORM);
      await sql(api(), PLATFORM, 'SELECT pg_switch_wal()');
      const there = await poll(
        180,
        () => count(STANDBY.platform, leader),
        (row) => row?.orders === wanted?.orders,
      );
      expect(there).toEqual(wanted);
      expect(await sql(api(), STANDBY.platform, 'SELECT status FROM pg_stat_wal_receiver', leader)).toEqual([]);
    });

    it('has the services, scaled to zero', async () => {
      const { items } = await api().apps.listNamespacedDeployment({ namespace: STANDBY.platform });
      const scaledToZero = Object.fromEntries(items.map(({ metadata, spec }) => [metadata?.name, spec?.replicas]));
      expect(scaledToZero).toEqual(Object.fromEntries(SERVICES.map((name) => [name, 0])));
    });

    it('copies nothing until it leads', async () => {
      const { items } = await api().batch.listNamespacedCronJob({ namespace: STANDBY.recovery });
      const suspended = items.filter(({ spec }) => spec?.suspend === true).map(({ metadata }) => metadata?.name);
      expect(suspended.sort()).toEqual(['dr-daily', 'dr-hourly', 'dr-prune', 'dr-redis', 'dr-weekly-config']);
    });
  });
}
