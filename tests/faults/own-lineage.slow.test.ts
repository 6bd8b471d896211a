/** A restored server can't archive into the source's lineage, by construction. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import type { Platform } from '../../drill/platform/platform.ts';
import { startPostgres } from '../../drill/platform/postgres.ts';
import { expectNoSecrets, goldenRows, sourceDigests } from './evidence.ts';
import { drEnds, type Golden, withGolden } from './golden.ts';
import { killAtLine } from './journal-watch.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup', '--only', 'postgres', '--confirm', 'drill'];

/** WAL files of a lineage in each repository. */
async function archived(golden: Golden, lineage: string): Promise<string[]> {
  const listings = ['local', 'secondary'].map(async (id) => {
    const folder = join(golden.repositories, id, 'drill', 'pgbackrest', lineage, 'archive');
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    return names.filter((name) => /\/[0-9A-F]{8,24}[-.]/.test(name)).map((name) => `${id}/${name}`);
  });
  return (await Promise.all(listings)).flat().toSorted();
}

/** Rows, and a switch of WAL that the server believes to be archived. */
async function writeAndSwitch(site: Platform): Promise<string> {
  const client = await site.postgres();
  try {
    await client.query("INSERT INTO golden_rows (phase, note) VALUES ('restored', 'another life')");
    const { rows } = await client.query<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
    const name = rows[0]?.name ?? '';
    const last = 'SELECT last_archived_wal AS last FROM pg_stat_archiver';
    await waitFor('the segment is archived', async () => {
      const { rows: found } = await client.query<{ last: string | null }>(last);
      return (found[0]?.last ?? '').slice(0, 24) >= name;
    });
    return name;
  } finally {
    await client.end();
  }
}

async function unshippedRow(site: Platform): Promise<void> {
  const client = await site.postgres();
  await client.query("INSERT INTO golden_rows (phase, note) VALUES ('unshipped', 'on its own disk only')");
  await client.end();
}

test('another site restores the copies', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second');
    const [before, wal] = [await sourceDigests(golden), await archived(golden, 'first-1')];
    const result = await drEnds(0, site.envFile, RESTORE);
    const segment = await writeAndSwitch(site);
    expect(await archived(golden, 'first-1')).toEqual(wal);
    expect(await sourceDigests(golden)).toEqual(before);
    const own = await archived(golden, 'second-1');
    for (const id of ['local', 'secondary'])
      expect(own.filter((name) => name.startsWith(id) && name.includes(segment))).toHaveLength(1);
    await expectNoSecrets(golden, site, [result]);
  });
});

test('the source itself is restored in its own place, and the script of its old generation refuses', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    await writeAndSwitch(source);
    await unshippedRow(source);
    await source.kill9();
    const [before, wal] = [await sourceDigests(golden), await archived(golden, 'first-1')];
    const result = await drEnds(0, source.envFile, RESTORE);
    // The restored server still has the segments of the old generation that never left the disk.
    expect(await goldenRows(source)).toMatchObject({ restored: 1, unshipped: 1 });
    await writeAndSwitch(source);
    expect(await archived(golden, 'first-1')).toEqual(wal);
    expect(await sourceDigests(golden)).toEqual(before);
    expect((await archived(golden, 'first-2')).length).toBeGreaterThan(0);

    // A server of the old generation that somebody starts again calls this script.
    const script = join(source.paths.state, 'pgbackrest', 'first-1', 'archive-push.sh');
    const names = (await readdir(join(source.paths.postgresData, 'pg_wal'))).filter((n) => /^[0-9A-F]{24}$/.test(n));
    const segment = join(source.paths.postgresData, 'pg_wal', names[0] ?? '');
    const { exitCode, stderr } = await source.run([script, segment], { as: source.runAs, cwd: '/', accept: [0, 1] });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('this lineage has ended') });
    expect(await archived(golden, 'first-1')).toEqual(wal);
    await expectNoSecrets(golden, source, [result]);
  });
});

test('somebody starts the server between the copy and its new archive_command', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second');
    const { hit } = await killAtLine(site, RESTORE, (name) => name === 'postgres/copy done');
    expect(hit).toBe('postgres/copy done');
    const auto = await readFile(join(site.paths.postgresData, 'postgresql.auto.conf'), 'utf8');
    if (auto.includes('second-1')) return; // It was too late to be too early.
    const wal = await archived(golden, 'first-1');
    await startPostgres(site.run, site.paths, site.runAs);
    const client = await site.postgres();
    await waitFor('promoted', async () => {
      const { rows } = await client.query<{ busy: boolean }>('SELECT pg_is_in_recovery() AS busy');
      return rows[0]?.busy === false;
    });
    await client.query("INSERT INTO golden_rows (phase, note) VALUES ('early', 'start')");
    await client.query('SELECT pg_switch_wal()');
    const { rows } = await client.query<{ mode: string }>("SELECT current_setting('archive_mode') AS mode");
    await client.end();
    expect(rows[0]?.mode).toBe('off');
    expect(await archived(golden, 'first-1')).toEqual(wal);
  });
});
