/** What PostgreSQL lets people choose: a server with unusual choices is backed up, verified, lost and restored. */
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { drEnds } from '../../../faults/dr-process.ts';
import { type ChosenServer, withChosenServer } from './chosen-server.ts';

const RESTORE = ['restore', '--only', 'postgres', '--confirm', 'drill', '--no-backup'];

async function count({ sql }: ChosenServer): Promise<number> {
  const [row] = await sql<{ n: number }>('SELECT count(*)::int AS n FROM orders');
  return row?.n ?? 0;
}

/** A gap of one segment in 4 GiB would show, and so would names that are counted with another size. */
test('WAL segments of 64 MB, in a folder with spaces and quotes, with a password on the socket and another superuser', async () => {
  const choices = { segment: 64, place: `it's a "place" 100%p`, password: true, superuser: 'boss', firstWal: '00000001000000000000003C' };
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
