/** `--emergency-dump`: everything that a cluster may hold is saved, and what is not saved is not overwritten. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drEnds } from '../../faults/dr-process.ts';
import { withChosenServer } from '../workloads/postgres/chosen-server.ts';

const RESTORE = ['restore', '--to', 'latest', '--only', 'postgres', '--confirm', 'drill', '--no-backup'];

test('large objects, awkward names, partitions, sequences and other databases; a loss stops the restore until it is named', async () => {
  await withChosenServer({}, async ({ sql, envFile, folder, dataDir, stop, start }) => {
    await sql(`
      CREATE TABLE "a/b" (id int); INSERT INTO "a/b" SELECT generate_series(1, 10);
      CREATE TABLE "sa""y 'it" (id serial); INSERT INTO "sa""y 'it" SELECT FROM generate_series(1, 7);
      CREATE TABLE parts (id int) PARTITION BY RANGE (id);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100); INSERT INTO parts SELECT generate_series(1, 50);
      CREATE TABLE lost (id int); INSERT INTO lost SELECT generate_series(1, 5);
      SELECT lo_from_bytea(4711, 'a large object');`);
    await sql('CREATE DATABASE "other db"');
    await sql('CREATE TABLE mine (id int); INSERT INTO mine VALUES (1)', 'other db');
    await drEnds(0, envFile, ['init', '--restart']);
    await drEnds(0, envFile, ['backup', '--kind', 'full']);
    const [file] = await sql<{ path: string }>("SELECT pg_relation_filepath('lost') AS path");
    await sql('CHECKPOINT');
    await stop();
    await rm(join(dataDir, file?.path ?? 'none'));
    await start();

    const saved = join(folder, 'saved');
    const alone = await drEnds(3, envFile, ['restore', '--emergency-dump', saved, '-o', 'json']);
    const result = JSON.parse(alone.stdout) as { lost: string[]; others: { what: string; state: string }[] };
    expect(result.lost).toEqual(['public.lost']);
    expect(Object.fromEntries(result.others.map(({ what, state }) => [what, state]))).toMatchObject({
      globals: 'whole',
      schema: 'whole',
      sequences: 'whole',
      'large-objects': 'whole',
      'other db/schema': 'whole',
    });
    const files = await readdir(saved, { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining([
        'public.a%2Fb.dump',
        'public.sa%22y %27it.dump',
        'public.parts_1.dump',
        'large-objects.dump',
        'databases/other db/public.mine.dump',
      ]),
    );
    expect(await readFile(join(saved, 'sequences.sql'), 'utf8')).toContain(', 7, true)');

    // They can be loaded again.
    const load = async (name: string) => {
      const { findPostgresBin } = await import('../../../recovery/engines/find.ts');
      const { execFileSync } = await import('node:child_process');
      const program = join(await findPostgresBin(), 'pg_restore');
      return execFileSync(program, ['--file=-', join(saved, name)], { encoding: 'utf8' });
    };
    expect(await load('large-objects.dump')).toContain('4711');
    expect((await load('public.a%2Fb.dump')).match(/^\d+$/gm)).toHaveLength(10);
    expect((await load('public.parts_1.dump')).match(/^\d+$/gm)).toHaveLength(50);

    const refused = await drEnds(6, envFile, [...RESTORE, '--emergency-dump', saved]);
    expect(refused.stderr).toMatch(
      /^DR-NOT-SAVED emergency dump in .*: .*overwrite it: public\.lost; nothing was restored$/m,
    );
    expect(refused.stderr).toMatch(/^hint: .*--accept-loss public\.lost$/m);
    expect(await sql('SELECT count(*)::int AS n FROM "a/b"')).toEqual([{ n: 10 }]);

    const done = await drEnds(0, envFile, [...RESTORE, '--emergency-dump', saved, '--accept-loss', 'public.lost']);
    const kept = /kept in (\S+\.damaged-\S+) and takes .*; remove it: rm -rf/.exec(done.stdout)?.[1];
    expect(await readdir(kept ?? 'none')).toContain('PG_VERSION');
    expect(await sql('SELECT count(*)::int AS n FROM lost')).toEqual([{ n: 5 }]);
  });
});
