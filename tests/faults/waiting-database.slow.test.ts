/** The database makes its sessions wait: for a standby that is gone, for a lock that nobody lets go. `dr` waits for neither. */
import { expect, test } from 'vitest';
import { dr, drEnds, startDr, withGolden } from './golden.ts';

test('backups, checks and SIGTERM go on', async () => {
  await withGolden(async ({ startSource }) => {
    const site = await startSource();
    const client = await site.postgres();
    const holder = await site.postgres();
    try {
      // Settings of the role, which change how a session reads and writes.
      for (const setting of [
        "DateStyle = 'German'",
        "TimeZone = 'Asia/Kathmandu'",
        'standard_conforming_strings = off',
      ])
        await client.query(`ALTER ROLE postgres SET ${setting}`);
      await client.query("ALTER ROLE postgres SET search_path = 'nowhere'");
      await client.query("ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (gone)'");
      await client.query('SELECT pg_reload_conf()');
      const incremental = await drEnds(0, site.envFile, ['backup', '--kind', 'incremental', '--only', 'postgres'], {
        timeoutSeconds: 60,
      });
      expect(incremental.seconds).toBeLessThan(50);

      await holder.query('SET synchronous_commit = local');
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE golden_rows IN ACCESS EXCLUSIVE MODE');
      const health = await dr(site.envFile, ['health', '--comprehensive', '-o', 'json'], { timeoutSeconds: 60 });
      expect(health.stdout).toContain(
        "synchronous_standby_names is 'FIRST 1 (gone)': 0 of 1 follow, so every commit waits",
      );
      expect(health.stdout).toContain('locked by others and not counted: public.golden_rows');
      const assess = await drEnds(0, site.envFile, ['assess', '-o', 'json'], { timeoutSeconds: 60 });
      const { postgres } = JSON.parse(assess.stdout).findings;
      expect(postgres).toMatchObject({ server: 'up', lostTables: [] });
      expect(postgres.facts).toContain('locked by others and not counted: public.golden_rows');
      // A lock on the canary itself: the backup fails and says why.
      await holder.query('LOCK TABLE dr.canary IN ACCESS EXCLUSIVE MODE');
      const busy = await dr(site.envFile, ['backup', '--kind', 'incremental', '--only', 'postgres'], {
        timeoutSeconds: 60,
      });
      expect(busy.exitCode).toBe(1);
      expect(busy.stdout + busy.stderr).toContain('somebody holds a lock for more than 5 s');

      // SIGTERM while a statement waits.
      const waiting = startDr(site.envFile, ['backup', '--kind', 'incremental', '--only', 'postgres']);
      await untilWaiting(client);
      const since = performance.now();
      process.kill(waiting.pid, 'SIGTERM');
      const { exitCode, stderr } = await waiting.done;
      expect(exitCode, stderr).toBe(130);
      expect(performance.now() - since).toBeLessThan(20_000);
    } finally {
      await holder.end();
      await client.end();
    }
  });
});

async function untilWaiting(client: { query(sql: string): Promise<{ rows: { n: number }[] }> }): Promise<void> {
  const sql =
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'dr' AND wait_event_type = 'Lock'";
  for (let tries = 0; tries < 400; tries += 1) {
    if (((await client.query(sql)).rows[0]?.n ?? 0) > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('no session of dr waits for the lock');
}
