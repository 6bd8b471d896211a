/** What PostgreSQL lets people choose: a server with unusual choices is backed up, verified, lost and restored. */
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeOwnedFolder } from '../../../../recovery/core/account.ts';
import { drEnds } from '../../../faults/dr-process.ts';
import { type ChosenServer, withChosenServer } from './chosen-server.ts';

const RESTORE = ['restore', '--only', 'postgres', '--confirm', 'drill', '--no-backup'];

async function count({ sql }: ChosenServer): Promise<number> {
  const [row] = await sql<{ n: number }>('SELECT count(*)::int AS n FROM orders');
  return row?.n ?? 0;
}

/** A gap of one segment in 4 GiB would show, and so would names that are counted with another size. */
test('WAL segments of 64 MB, in a folder with spaces and quotes, with a password on the socket and another superuser', async () => {
  const choices = {
    segment: 64,
    place: `it's a "place" 100%p`,
    password: true,
    superuser: 'boss',
    firstWal: '00000001000000000000003C',
  };
  await withChosenServer(choices, async (server) => {
    const { sql, envFile, dataDir } = server;
    await sql('CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 100)');
    await drEnds(0, envFile, ['init', '--restart']);
    await drEnds(0, envFile, ['backup', '--kind', 'full']);
    // Over the end of a row of segments: with 16 MB that is counted another way.
    for (let i = 0; i < 4; i += 1) await sql('SELECT pg_switch_wal(); INSERT INTO orders VALUES (1000)');
    await server.ship();
    const [moment] = await sql<{ at: Date }>('SELECT clock_timestamp() AS at');
    await sql('INSERT INTO orders SELECT generate_series(2001, 2010)');
    await server.ship();
    await drEnds(0, envFile, ['verify']);
    await server.stop('immediate');
    await rm(dataDir, { recursive: true });
    await drEnds(0, envFile, [...RESTORE, '--to', moment?.at.toISOString() ?? '']);
    expect(await count(server)).toBe(104);
    await server.stop('immediate');
    await drEnds(0, envFile, [...RESTORE, '--to', 'latest']);
    const [last] = await sql<{ last: string }>("SELECT pg_walfile_name('1/10') AS last");
    expect(last?.last.slice(8)).toBe('0000000100000000');
  });
});

test('pg_wal by a link and a tablespace outlive the data directory; WAL segments of 1 MB; umask 077', async () => {
  const umask = process.umask(0o077);
  try {
    await withChosenServer({ segment: 1, linkedWal: true, firstWal: '000000010000000000000FFE' }, async (server) => {
      const { sql, envFile, dataDir, walDir, folder } = server;
      const space = join(folder, 'disk', 'space one');
      await makeOwnedFolder(space, server.runAs);
      await sql(`CREATE TABLESPACE fast LOCATION '${space}'`);
      await sql('CREATE TABLE orders (id int) TABLESPACE fast; INSERT INTO orders SELECT generate_series(1, 100)');
      await drEnds(0, envFile, ['init', '--restart']);
      await drEnds(0, envFile, ['backup', '--kind', 'full']);
      await server.ship();
      await sql('INSERT INTO orders VALUES (1000)');
      await server.stop('immediate');
      await rm(dataDir, { recursive: true });
      expect((await readdir(walDir)).length).toBeGreaterThan(1);

      await drEnds(0, envFile, [...RESTORE, '--to', 'latest']);
      // The last row was nowhere but in the WAL that has survived.
      expect(await count(server)).toBe(101);
      expect(
        (await readdir(join(walDir, '..'))).concat(await readdir(space)).filter((name) => name.startsWith('.')),
      ).toEqual([]);

      // The folder of the link is lost, the rest is there: what is right stays.
      await drEnds(0, envFile, ['backup', '--kind', 'full']);
      await server.stop('fast');
      await rm(join(folder, 'wal'), { recursive: true });
      await rm(join(folder, 'disk'), { recursive: true });
      await mkdir(join(folder, 'disk'));
      const closed = await drEnds(6, envFile, [...RESTORE, '--to', 'latest']);
      expect(closed.stderr).toMatch(
        /^DR-PATH-NOT-WRITABLE tablespace fast: .*space one can't be written: .* may not pass .*disk/m,
      );
      await chmod(join(folder, 'disk'), 0o755);
      await drEnds(0, envFile, [...RESTORE, '--to', 'latest']);
      expect(await count(server)).toBe(101);
    });
  } finally {
    process.umask(umask);
  }
});
