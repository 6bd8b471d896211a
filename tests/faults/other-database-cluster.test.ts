/** Another PostgreSQL major version, or another cluster at the target: refused at preflight, even if confirmed. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { initPostgres } from '../../drill/platform/postgres.ts';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import { drEnds, withGolden } from './golden.ts';
import { stateOf } from './untouched.ts';

/** All of the server's programs, except that `postgres` reports another major version. */
async function binDirOfMajor(folder: string, major: number): Promise<string> {
  await mkdir(folder);
  const real = await findPostgresBin();
  for (const name of ['initdb', 'pg_ctl', 'pg_controldata', 'pg_waldump'])
    await symlink(join(real, name), join(folder, name));
  await writeFile(join(folder, 'postgres'), `#!/bin/sh\necho 'postgres (PostgreSQL) ${major}.1'\n`);
  await chmod(join(folder, 'postgres'), 0o755);
  return folder;
}

const RESTORE = ['restore', '--to', 'latest', '--only', 'postgres', '--confirm', 'drill'];

test('this host has another major version', async () => {
  await withGolden(async ({ folder, emptySite }) => {
    const binDir = await binDirOfMajor(join(folder, 'bin16'), 16);
    const site = await emptySite('second', {
      workloads: ['postgres'],
      edit: ({ postgres, ...rest }) => ({ ...rest, ...(postgres ? { postgres: { ...postgres, binDir } } : {}) }),
    });
    const before = await stateOf(site);
    const { stderr } = await drEnds(2, site.envFile, RESTORE);
    expect(stderr).toMatch(/^DR-POSTGRES-VERSION postgres: the set \S+ is of PostgreSQL 15, this host has 16$/m);
    expect(stderr).toMatch(/^hint: install PostgreSQL 15, or restore the logical dump/m);
    expect(await stateOf(site)).toEqual(before);
  });
});

test('the target holds another cluster, or a data directory of another major version', async () => {
  await withGolden(async ({ emptySite, facts }) => {
    const site = await emptySite('second', { workloads: ['postgres'] });
    await initPostgres(site.run, site.paths, site.runAs);
    const before = await stateOf(site);
    const other = await drEnds(2, site.envFile, RESTORE);
    expect(other.stderr).toMatch(/^DR-POSTGRES-OTHER-CLUSTER \S+: holds the cluster \d+, and the point is of \d+$/m);
    expect(other.stderr).toContain(facts.systemId);
    expect(await stateOf(site)).toEqual(before);

    // Like a half-upgraded data directory: only its version can be read.
    await writeFile(join(site.paths.postgresData, 'PG_VERSION'), '14\n');
    await writeFile(join(site.paths.postgresData, 'global/pg_control'), '');
    const changed = await stateOf(site);
    const major = await drEnds(2, site.envFile, RESTORE);
    expect(major.stderr).toContain('holds a data directory of PostgreSQL 14, the set is of 15');
    expect(await stateOf(site)).toEqual(changed);
  });
});
