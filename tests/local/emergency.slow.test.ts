/** The dump before anything else is done to a damaged database: what is whole, what is partial, what is lost. */
import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectPostgres, initPostgres, startPostgres, stopPostgres } from '../../drill/platform/postgres.ts';
import { corruptPages } from '../../drill/scenarios/corrupt-pages.ts';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import { drEnds, withGolden } from '../faults/golden.ts';

interface Dump {
  readonly schema: boolean;
  readonly globals: boolean;
  readonly tables: readonly { table: string; state: string; bytes: number; error?: string }[];
}

test('damaged pages and a lost file: everything else is saved, and can be loaded elsewhere', async () => {
  await withGolden(async ({ folder, startSource, emptySite }) => {
    const site = await startSource();
    const client = await site.postgres();
    const { rows: files } = await client.query("SELECT pg_relation_filepath('public.payments') AS file");
    const { rows: pages } = await client.query<{ page: number; n: number }>(
      'SELECT (ctid::text::point)[0]::int AS page, count(*)::int AS n FROM orders GROUP BY 1',
    );
    const [corrupt] = await corruptPages(site, ['public.orders'], 1, 3);
    const total = pages.reduce((sum, { n }) => sum + n, 0);
    const lost = pages.find(({ page }) => page === corrupt?.page)?.n ?? 0;
    expect(lost).toBeGreaterThan(0);
    await client.end();
    await stopPostgres(site.run, site.paths, site.runAs);
    await rm(join(site.paths.postgresData, files[0]?.file as string));

    // The server is down and is started for it. A folder that only root may enter will do.
    const saved = join(folder, 'closed', 'saved');
    await mkdir(join(folder, 'closed'));
    await chmod(join(folder, 'closed'), 0o700);
    const { stdout } = await drEnds(3, site.envFile, ['restore', '--emergency-dump', saved, '-o', 'json']);
    const { schema, globals, tables } = JSON.parse(stdout) as Dump;
    expect({ schema, globals }).toEqual({ schema: true, globals: true });
    const states = Object.fromEntries(tables.map(({ table, state }) => [table, state]));
    expect(states).toMatchObject({ 'public.orders': 'partial', 'public.payments': 'lost', 'public.accounts': 'whole' });
    expect(new Set(Object.values(states).sort())).toEqual(new Set(['lost', 'partial', 'whole']));
    expect(Object.values(states).filter((state) => state === 'whole')).toHaveLength(tables.length - 2);
    const said = (name: string) => tables.find(({ table }) => table === name)?.error;
    expect(said('public.orders')).toContain('invalid page in block');
    expect(said('public.payments')).toContain('could not open file');
    expect(await readdir(saved)).toContain('public.orders.dump');
    expect(await readFile(join(saved, 'globals.sql'), 'utf8')).toContain('CREATE ROLE order_service');

    // Elsewhere
    const other = await emptySite('second', { workloads: ['postgres'] });
    await initPostgres(other.run, other.paths, other.runAs);
    await startPostgres(other.run, other.paths, other.runAs);
    const bin = await findPostgresBin();
    const at = ['-h', other.paths.run, '-U', 'postgres', '-d'];
    const run = (program: string, ...args: string[]) => other.run([join(bin, program), ...args], { cwd: '/' });
    await run('psql', ...at, 'postgres', '-q', '-c', 'CREATE DATABASE loaded');
    await run('psql', ...at, 'loaded', '-q', '-f', join(saved, 'globals.sql'));
    await run('psql', ...at, 'loaded', '-q', '-v', 'ON_ERROR_STOP=1', '-f', join(saved, 'schema.sql'));
    for (const table of ['accounts', 'orders'])
      await run(
        'pg_restore',
        ...at,
        'loaded',
        '--exit-on-error',
        '--disable-triggers',
        join(saved, `public.${table}.dump`),
      );
    const loaded = await connectPostgres(other.paths, { database: 'loaded' });
    const { rows } = await loaded.query('SELECT count(*)::int AS n FROM orders');
    await loaded.end();
    expect(rows).toEqual([{ n: total - lost }]);
  });
});

test('a whole database ends 0; a relative folder is refused', async () => {
  await withGolden(async ({ startSource }) => {
    const site = await startSource();
    const relative = await drEnds(2, site.envFile, ['restore', '--emergency-dump', 'saved']);
    expect(relative.stderr).toMatch(/^DR-PATH-RELATIVE --emergency-dump: "saved" is a relative path$/m);
    const { stdout } = await drEnds(0, site.envFile, ['restore', '--emergency-dump']);
    expect(stdout).toMatch(/^public\.orders +whole /m);
    expect(stdout).toContain(join(site.paths.state, 'emergency'));
    expect(stdout).not.toMatch(/partial|lost/);
  });
});
