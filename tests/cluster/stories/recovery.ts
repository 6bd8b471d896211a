/** Role recovery by hand: a platform beside the one that is there, from its newest point in the second region alone. */
import { describe, expect, it } from 'vitest';
import { REDIS } from '../../../infra/cluster/ports.ts';
import { archived } from '../archive.ts';
import { runNow } from '../cron.ts';
import { sql } from '../database.ts';
import { poll } from '../poll.ts';
import { withRedis } from '../redis.ts';
import { FRESH, freshStack } from '../stacks.ts';
import { PLATFORM, RECOVERY, type World } from '../world.ts';

const RUN_SECONDS = 300;

export function recovery(world: World): void {
  const api = () => world.cluster.api;
  const count = 'SELECT count(*)::int AS probes, pg_is_in_recovery() AS follows FROM probes';
  let lineage: string;

  describe('a fresh platform beside it', () => {
    it('a point is there, and rows that only the WAL has', async () => {
      await sql(api(), PLATFORM, 'CREATE TABLE probes AS SELECT generate_series(1, 1000) AS id');
      await withRedis(api(), PLATFORM, world.secrets.redis, (redis) => redis.set('probe-1', 'of before'));
      const { succeeded, log } = await runNow(api(), RECOVERY, 'dr-daily', RUN_SECONDS);
      expect(succeeded, log).toBe(true);
      await sql(api(), PLATFORM, 'INSERT INTO probes SELECT generate_series(1001, 1500)');
      expect(await archived(world.cluster, PLATFORM, 'local-1')).toContain('secondary');
      await withRedis(api(), PLATFORM, world.secrets.redis, (redis) => redis.set('probe-2', 'after the snapshot'));
    });

    it('comes up from it, in namespaces of its own', async () => {
      const outputs = await world.bringUp(await freshStack(world.cluster.storage, world.outputs.secrets));
      expect(outputs).toMatchObject({
        role: 'recovery',
        lineage: 'local-2',
        recoveredFrom: { postgres: { lineage: 'local-1', end: { kind: 'end-of-wal' } }, redis: {} },
      });
      lineage = String(outputs.lineage);
    });

    it('every row of the archive is there, and it takes writes', async () => {
      expect(await sql(api(), FRESH.platform, count)).toEqual([{ probes: 1500, follows: false }]);
      await sql(api(), FRESH.platform, 'INSERT INTO probes VALUES (2001)');
    });

    it('F30: it archives into a life of its own; the other goes on', async () => {
      expect(await archived(world.cluster, FRESH.platform, lineage)).toContain('secondary');
      expect(await archived(world.cluster, PLATFORM, 'local-1')).toContain('secondary');
      expect(await sql(api(), PLATFORM, count)).toEqual([{ probes: 1500, follows: false }]);
    });

    it('Redis has what the snapshot had; a restart of its pod changes nothing of it', async () => {
      const read = () =>
        withRedis(api(), FRESH.platform, world.secrets.redis, (redis) => redis.mget('probe-1', 'probe-2', 'own'));
      expect(await read()).toEqual(['of before', null, null]);
      await withRedis(api(), FRESH.platform, world.secrets.redis, (redis) => redis.set('own', 'since then'));
      const pod = { name: `${REDIS}-0`, namespace: FRESH.platform };
      const before = (await api().core.readNamespacedPod(pod)).metadata?.uid;
      await api().core.deleteNamespacedPod(pod);
      const ready = await poll(
        120,
        () =>
          api()
            .core.readNamespacedPod(pod)
            .catch(() => undefined),
        (found) => found?.metadata?.uid !== before && found?.status?.containerStatuses?.[0]?.ready === true,
      );
      expect(ready?.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
      expect(await read()).toEqual(['of before', null, 'since then']);
    });
  });
}
