/** A copy of the host archives under the same names. The original's backup, verification and health say so, and `dr init --adopt` goes on. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { dr, drEnds, withGolden } from './golden.ts';

/** Puts a segment of another content into each archive, under the name of the one that the server writes now. */
async function archiveFirst(source: Platform, repositories: string): Promise<string> {
  const client = await source.postgres();
  const { rows } = await client
    .query<{ name: string }>('SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS name')
    .finally(() => client.end());
  const current = rows[0]?.name ?? '';
  const digest = createHash('sha1').update('another host').digest('hex');
  for (const repository of ['local', 'secondary']) {
    const folder = join(
      repositories,
      repository,
      'drill/pgbackrest/first-1/archive/go-coffee/15-1',
      current.slice(0, 16),
    );
    const last =
      (await readdir(folder))
        .filter((name) => /^[0-9A-F]{24}-/.test(name))
        .sort()
        .at(-1) ?? '';
    const [, ending = ''] = /^[0-9A-F]{24}-[0-9a-f]{40}(.*)$/.exec(last) ?? [];
    await source.run(['cp', '-a', join(folder, last), join(folder, `${current}-${digest}${ending}`)]);
  }
  return current;
}

test('WAL of another server under the same names is found by its content', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    await drEnds(0, source.envFile, ['verify', '--repository', 'local']);
    const segment = await archiveFirst(source, golden.repositories);

    const backup = await dr(source.envFile, ['backup', '--kind', 'incremental', '--only', 'postgres']);
    expect(backup.exitCode, backup.stderr).toBe(1);
    expect(`${backup.stdout}${backup.stderr}`).toMatch(/WAL-NOT-OURS|ArchiveDuplicate|checksum/);
    const verify = await dr(source.envFile, ['verify', '--repository', 'local']);
    expect(verify.exitCode, verify.stdout).toBe(5);
    expect(verify.stdout).toContain(`WAL-NOT-OURS local: WAL of first-1: another server archives to this lineage`);
    expect(verify.stdout).toContain(segment);
    const health = await dr(source.envFile, ['health', '-o', 'json']);
    expect(health.stdout).toContain('another server archives to first-1');

    await drEnds(0, source.envFile, ['init', '--adopt']);
    await drEnds(0, source.envFile, ['backup', '--kind', 'full', '--only', 'postgres']);
    const after = await drEnds(0, source.envFile, ['points', '-o', 'json']);
    expect(after.stdout).toContain('first-2');
  });
});
