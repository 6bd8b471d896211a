/** A line to S3 that carries a few hundred kilobytes a second: limits follow progress, and a restore says early that it will be late. */
import { expect, test } from 'vitest';
import { seconds } from '../../plan/duration.ts';
import { productionPlan } from '../../plan/production.ts';
import { drEnds, editEnvironment } from './golden.ts';
import { withGoldenS3 } from './golden-s3.ts';

/** A row of 8 kB for each number: bytes that no compression makes smaller. */
const rows = (megabytes: number): string =>
  `SELECT (SELECT string_agg(sha512((i * 100000 + n)::text::bytea), '') FROM generate_series(1, 128) n) AS bytes
     FROM generate_series(1, ${megabytes * 128}) i`;

const SLOW = { timeoutSeconds: 280 };

test('dr init waits for the WAL, a full backup succeeds, a restore warns of its RTO', async () => {
  await withGoldenS3(async ({ startSource, region, proxy, s3Site }) => {
    const source = await startSource();
    await editEnvironment(source.envFile, ({ repositories, ...environment }) => {
      const { passphrases = [] } = repositories.secondary ?? {};
      const secondary = { ...region.settings(passphrases), endpoint: proxy.endpoint };
      return { ...environment, repositories: { ...repositories, secondary } };
    });
    // From now on WAL goes to S3.
    await drEnds(0, source.envFile, ['init']);
    const client = await source.postgres();
    try {
      await client.query(`CREATE TABLE slow AS ${rows(8)}`);
      await drEnds(0, source.envFile, ['init']);
      proxy.bytesPerSecond = 400_000;
      // WAL alone: no table holds it.
      await client.query(`SELECT count(pg_logical_emit_message(false, 'slow', bytes)) FROM (${rows(26)}) r`);
      const init = await drEnds(0, source.envFile, ['init'], SLOW);
      expect(init.seconds).toBeGreaterThan(60);
      expect(init.stderr).toMatch(/ships its WAL to local, secondary .* for \d+ s/);
      const backup = await drEnds(0, source.envFile, ['backup', '--kind', 'full', '--only', 'postgres'], SLOW);
      expect(backup.seconds).toBeGreaterThan(20);
    } finally {
      await client.end();
    }
    await source.stop();

    const rto = productionPlan.tiers.find(({ id }) => id === 'P1')?.rto ?? '4h';
    // Six seconds before the objective is missed.
    const declaredAt = new Date(Date.now() - (seconds(rto) - 6) * 1000).toISOString();
    const site = await s3Site('late', ['postgres']);
    const restore = ['restore', '--to', 'latest', '--no-backup', '--declared-at', declaredAt];
    proxy.bytesPerSecond = 1_000_000;
    const { stderr, stdout } = await drEnds(4, site.envFile, restore, SLOW);
    expect(stderr).toContain(`at this rate the RTO of P1 (${rto}) is missed by`);
    expect(stdout).toMatch(/^P1 .* MISSED$/m);
    // While it copies: the steps after that one have not begun.
    expect(stderr.slice(stderr.indexOf('is missed by')).match(/ start +/g)?.length).toBeGreaterThan(1);
  });
});
