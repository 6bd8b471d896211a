/** The target runs or is not empty: refused with what to type, and nothing is touched until it is typed. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drEnds, withGolden } from './golden.ts';
import { stateOf } from './untouched.ts';

test('a folder that is not empty', async () => {
  await withGolden(async ({ emptySite, facts }) => {
    const site = await emptySite('second', { workloads: ['uploads'] });
    const uploads = site.paths.folder('uploads');
    await mkdir(uploads, { recursive: true });
    await writeFile(join(uploads, 'unsaved.jpg'), 'only here');
    const before = await stateOf(site);
    const missing = await drEnds(7, site.envFile, ['restore', '--to', 'latest']);
    expect(missing.stderr).toContain(`overwrite uploads in ${uploads}`);
    expect(missing.stderr).toMatch(/^DR-CONFIRM-REFUSED --confirm: "drill" must be typed/m);
    expect(missing.stderr).toMatch(/^hint: to confirm, type --confirm drill$/m);
    const wrong = await drEnds(7, site.envFile, ['restore', '--to', 'latest', '--confirm', 'production']);
    expect(wrong.stderr).toMatch(/^DR-CONFIRM-REFUSED --confirm: "production" is not "drill"$/m);
    expect(await stateOf(site)).toEqual(before);
    const dry = await drEnds(0, site.envFile, ['restore', '--to', 'latest', '--dry-run']);
    expect(dry.stdout).toMatch(/^needs --confirm drill$/m);
    expect(await stateOf(site)).toEqual(before);

    await drEnds(0, site.envFile, ['restore', '--to', 'latest', '--confirm', 'drill']);
    expect(await stateOf(site)).toMatchObject({ uploads: { files: facts.folders.uploads.entries.length } });
  });
});

test('servers that run', async () => {
  await withGolden(async ({ startSource, facts }) => {
    const site = await startSource();
    const client = await site.postgres();
    const redis = await site.redis();
    try {
      await redis.set('unsaved', 'only here');
      const started = await client.query('SELECT pg_postmaster_start_time() AS at');
      for (const [flags, exit] of [
        [[], 7],
        [['--confirm', 'first'], 7],
      ] as const) {
        const { stderr } = await drEnds(exit, site.envFile, ['restore', '--to', facts.points.full, ...flags]);
        expect(stderr).toMatch(/^hint: to confirm, type --confirm drill$/m);
        if (flags.length > 0) continue;
        expect(stderr).toContain(`overwrite postgres in ${site.paths.postgresData}, which is running`);
        expect(stderr).toContain(`overwrite redis in ${site.paths.redisData}, which is running`);
      }
      // Nothing is written before the name is typed: no row, no dump.
      const written = async () => (await client.query('SELECT id FROM dr.canary ORDER BY id')).rows;
      const before = await written();
      const dump = join(site.paths.root, 'unasked');
      const latest = await drEnds(7, site.envFile, ['restore', '--to', 'latest', '--emergency-dump', dump]);
      expect(latest.stderr).toContain(`overwrite postgres in ${site.paths.postgresData}, which is running`);
      const now = await drEnds(7, site.envFile, ['restore', '--to', new Date().toISOString(), '--only', 'postgres']);
      expect(now.stderr).toMatch(/lies after the last commit .*\n.*write a row into its dr\.canary/);
      expect(await written()).toEqual(before);
      expect(await readdir(site.paths.root)).not.toContain('unasked');
      // The same servers, with all their data.
      expect((await client.query('SELECT pg_postmaster_start_time() AS at')).rows).toEqual(started.rows);
      expect((await client.query('SELECT count(*)::int AS n FROM golden_rows')).rows).toEqual([
        { n: facts.rows.beforeFull + facts.rows.beforeIncremental + facts.rows.afterIncremental },
      ]);
      expect(await redis.get('unsaved')).toBe('only here');
    } finally {
      redis.disconnect();
      await client.end();
    }
  });
});
