/** A new passphrase comes first in the keyring. What exists still opens with the old one: WAL, sets and snapshots. */
import { chown, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Environment } from '../../recovery/config/environment.ts';
import { dr, drEnds, editEnvironment, withGolden } from './golden.ts';

test('after a rotation the WAL is archived, backups are made, and all of it can be read', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const file = join(golden.keys, 'local-new');
    await writeFile(file, 'a new passphrase', { mode: 0o600 });
    const { uid, gid } = await stat(join(golden.keys, 'local'));
    await chown(file, uid, gid);
    const rotate = ({ repositories, ...environment }: Environment): Environment => {
      const local = repositories.local as Environment['repositories'][string];
      const passphrases = [{ name: 'local-2', from: { file } }, ...local.passphrases];
      return { ...environment, repositories: { ...repositories, local: { ...local, passphrases } } };
    };
    await editEnvironment(source.envFile, rotate);
    const made = await drEnds(0, source.envFile, ['backup', '--kind', 'incremental', '-o', 'json']);
    const { runId } = JSON.parse(made.stdout) as { runId: string };
    const point = await readFile(join(golden.repositories, 'local/drill/catalog/v1/points', `${runId}.json`), 'utf8');
    expect(point).toContain('"passphrase":"local-1"');

    // The script that the backup has deployed anew.
    const client = await source.postgres();
    await client.query('CREATE TABLE after_rotation AS SELECT 1');
    await client.query('SELECT pg_switch_wal()');
    const archived = `SELECT last_archived_time > coalesce(last_failed_time, '-infinity') AS ok, failed_count AS failed
      FROM pg_stat_archiver WHERE last_archived_time > now() - interval '20 seconds'`;
    const deadline = Date.now() + 20_000;
    let rows: { ok: boolean }[] = [];
    while (rows[0]?.ok !== true && Date.now() < deadline) ({ rows } = await client.query(archived));
    await client.end();
    expect(rows[0]?.ok).toBe(true);

    const second = await golden.emptySite('second', { edit: rotate });
    const { exitCode, stdout } = await dr(second.envFile, ['verify', '--repository', 'local', '-o', 'json']);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('"status": "ok"')]);
  });
});
