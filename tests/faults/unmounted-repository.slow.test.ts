/** A folder repository whose volume is not mounted: its mount point is empty, or gone. Nothing may be begun anew there. */
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type SmallSiteOptions, withSmallSite } from './small-site.ts';

const SITE: SmallSiteOptions = {
  workloads: ['uploads'],
  async prepare({ paths }) {
    await mkdir(paths.folder('uploads'), { recursive: true });
    await writeFile(join(paths.folder('uploads'), 'one'), 'a file');
  },
};

const UNMOUNTED =
  /DR-REPOSITORY-UNREACHABLE repository local: \S+ is gone, and this host has used it since \S+: its volume is not mounted/;

test('a mount point without its volume is left as it is, whatever is asked; with it everything is as before', async () => {
  await withSmallSite(SITE, async ({ environment, folder, dr }) => {
    const { local } = environment.repositories;
    const path = local?.type === 'posix' ? local.path : '';
    await dr(0, 'backup', '--kind', 'full');
    const away = join(folder, 'away');
    await rename(path, away);
    for (const isEmpty of [false, true]) {
      if (isEmpty) await mkdir(path);
      for (const args of [['backup', '--kind', 'incremental'], ['init'], ['restore', '--to', 'latest', '--dry-run']])
        expect(await dr(1, ...args)).toMatch(UNMOUNTED);
      expect(await dr(1, 'points')).toContain('unreachable');
      expect(await dr(0, 'doctor')).toContain('its volume is not mounted');
      if (isEmpty) expect(await readdir(path)).toEqual([]);
    }
    await rm(path, { recursive: true });
    await rename(away, path);
    await dr(0, 'backup', '--kind', 'incremental');
    expect(await dr(0, 'points')).not.toContain('unreachable');
  });
});

test('a volume that is lost is begun anew on purpose', async () => {
  await withSmallSite(SITE, async ({ environment, dr }) => {
    const { local } = environment.repositories;
    const path = local?.type === 'posix' ? local.path : '';
    await dr(0, 'backup', '--kind', 'full');
    await rm(path, { recursive: true });
    await mkdir(path);
    expect(await dr(0, 'repository', 'recreate', 'local', '--dry-run')).toContain(
      'its folder does not exist and is made',
    );
    await dr(0, 'repository', 'recreate', 'local', '--confirm', 'local');
    await dr(0, 'backup', '--kind', 'incremental');
    await dr(0, 'verify');
  });
});

test('paths that do not exist yet are made, for other accounts to pass through', async () => {
  const edit: SmallSiteOptions['edit'] = (environment) => {
    const { local } = environment.repositories;
    const deep = (path: string) => join(path, 'not', 'there', 'yet');
    return {
      ...environment,
      stateDir: deep(environment.stateDir),
      repositories: local?.type === 'posix' ? { local: { ...local, path: deep(local.path) } } : {},
    };
  };
  await withSmallSite({ ...SITE, edit }, async ({ environment, dr }) => {
    const { local } = environment.repositories;
    const path = local?.type === 'posix' ? local.path : '';
    await dr(0, 'backup', '--kind', 'full');
    for (const made of [environment.stateDir, path, join(environment.stateDir, '..')])
      expect((await stat(made)).mode & 0o777).toBe(0o755);
    // Without a state folder, e.g. on a host that only reads: the repository is what is missing, and it says so.
    await rm(environment.stateDir, { recursive: true });
    await rm(join(environment.stateDir, '..', '..'), { recursive: true });
    await rm(path, { recursive: true });
    expect(await dr(1, 'backup', '--kind', 'full')).toMatch(/repository local: the folder \S+ does not exist/);
  });
});
