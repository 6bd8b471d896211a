/** Prepared transactions and tablespaces of a lost cluster: what a restore replaces is named before, and what it leaves open afterwards. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeOwnedFolder } from '../../../../recovery/core/account.ts';
import { drEnds } from '../../../faults/dr-process.ts';
import { withChosenServer } from './chosen-server.ts';

const RESTORE = ['restore', '--to', 'latest', '--only', 'postgres', '--no-backup'];

test('an open prepared transaction is read past, comes back and is named; a tablespace that is occupied wants consent', async () => {
  await withChosenServer({ config: 'max_prepared_transactions = 5' }, async (server) => {
    const { sql, envFile, dataDir, folder } = server;
    const space = join(folder, 'disk', 'space');
    await makeOwnedFolder(space, server.runAs);
    await sql(`CREATE TABLESPACE fast LOCATION '${space}'`);
    await sql('CREATE TABLE orders (id int) TABLESPACE fast; INSERT INTO orders SELECT generate_series(1, 100)');
    await drEnds(0, envFile, ['init', '--restart']);
    await sql(
      "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE; INSERT INTO orders VALUES (101); PREPARE TRANSACTION 'it''s 1'",
    );
    const lacking = await drEnds(3, envFile, ['backup', '--kind', 'full']);
    expect(lacking.stdout).toMatch(/somebody holds public\.orders locked .*pg_prepared_xacts/s);
    await drEnds(0, envFile, ['backup', '--kind', 'full', '--only', 'postgres,postgres-config']);
    const deep = await drEnds(0, envFile, ['verify', '--deep']);
    expect(deep.stdout).toMatch(/every table of \d databases was read to its end/);
    await server.stop('immediate');
    await rm(dataDir, { recursive: true });
    await writeFile(join(space, 'notes of somebody'), 'kept');

    // The data directory is empty, and the tablespace may be another cluster's.
    const unasked = await drEnds(7, envFile, RESTORE);
    expect(unasked.stderr).toMatch(/tablespace fast: .*space\/PG_\d+_\d+ is there and is replaced/);
    expect((await readdir(space)).toSorted()).toEqual([expect.stringMatching(/^PG_/), 'notes of somebody']);
    const done = await drEnds(0, envFile, [...RESTORE, '--confirm', 'drill']);
    expect(done.stdout).toMatch(
      /transaction "it's 1" of database shop was prepared at .* and has not ended.*ROLLBACK PREPARED 'it''s 1'/,
    );
    await sql("ROLLBACK PREPARED 'it''s 1'");
    expect(await sql('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 100 }]);
    expect((await readdir(space)).toSorted()).toEqual([expect.stringMatching(/^PG_/), 'notes of somebody']);

    // A disk that is not mounted on this host: its folder is made.
    await server.stop();
    await rm(dataDir, { recursive: true });
    await rm(join(folder, 'disk'), { recursive: true });
    await mkdir(join(folder, 'disk'), { mode: 0o755 });
    await drEnds(0, envFile, [...RESTORE, '--confirm', 'drill']);
    expect(await readdir(space)).toEqual([expect.stringMatching(/^PG_/)]);
  });
});
