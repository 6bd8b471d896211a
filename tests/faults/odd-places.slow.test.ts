/** Files that are none, folders behind links, a working folder that is gone, a target that can't be written: each is named, and nothing hangs. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Environment } from '../../recovery/config/environment.ts';
import { drEnds } from './dr-process.ts';
import { type SmallSite, withSmallSite } from './small-site.ts';

const MAIN = join(import.meta.dirname, '../../cli/main.js');
const call = promisify(execFile);

async function withCopy(use: (site: SmallSite) => Promise<void>): Promise<void> {
  await withSmallSite({ workloads: ['uploads'] }, async (site) => {
    await mkdir(site.paths.folder('uploads'), { recursive: true });
    await writeFile(join(site.paths.folder('uploads'), 'a.txt'), 'a');
    await site.dr(0, 'backup', '--kind', 'full');
    await use(site);
  });
}

/** `dr` with another environment file. */
async function changed(
  site: SmallSite,
  edit: (environment: Environment) => unknown,
  exit: number,
  ...args: readonly string[]
): Promise<string> {
  const file = join(site.folder, 'changed.yaml');
  await writeFile(file, stringify(edit(parse(await readFile(site.envFile, 'utf8')))));
  const { stdout, stderr } = await drEnds(exit, file, args, { timeoutSeconds: 30 });
  return stdout + stderr;
}

test('an environment file, a plan or a secret that is a named pipe or a device is refused at once', async () => {
  await withCopy(async (site) => {
    const pipe = join(site.folder, 'pipe.yaml');
    await call('mkfifo', ['-m', '600', pipe]);
    for (const file of [pipe, '/dev/zero']) {
      const { stderr } = await drEnds(2, file, ['points'], { timeoutSeconds: 30 });
      expect(stderr).toContain(`DR-ENV-MISSING --env: the environment file ${file} can't be read (not a file)`);
    }
    expect(await changed(site, (e) => ({ ...e, plan: pipe }), 2, 'points')).toContain('not a file');
    const keyed = (from: string) => (e: Environment) => ({
      ...e,
      signingKeys: e.signingKeys.map((key) => ({ ...key, from: { file: from } })),
    });
    for (const file of [pipe, '/dev/zero'])
      expect(await changed(site, keyed(file), 2, 'points')).toMatch(/SECRET-UNREADABLE .*can't be read \(not a file\)/);
  });
});

test('a working folder that was removed is named; an absolute --env needs none', async () => {
  await withCopy(async (site) => {
    const script = 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"';
    const run = call('bash', ['-c', script, join(site.folder, 'gone'), process.execPath, MAIN, 'points']);
    await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('DR-FOLDER-GONE') });
  });
});

test('a repository in a folder that is copied, or twice, is refused also behind a link', async () => {
  await withCopy(async (site) => {
    const { local } = site.environment.repositories;
    if (local?.type !== 'posix') throw new Error('the site has no folder repository');
    const uploads = site.paths.folder('uploads');
    await symlink(local.path, join(site.folder, 'other'));
    const twice = (e: Environment) => ({
      ...e,
      repositories: { ...e.repositories, secondary: { ...local, path: join(site.folder, 'other') } },
    });
    expect(await changed(site, twice, 2, 'points')).toContain('is the same location as "local"');
    await rename(local.path, join(uploads, 'copies'));
    await symlink(join(uploads, 'copies'), local.path);
    expect(await site.dr(2, 'backup', '--kind', 'full')).toMatch(/holds repositories\.local\.path .*by a link/);
  });
});

test('a target that can’t be written is no damage of the copy', async () => {
  await withCopy(async (site) => {
    const place = join(site.folder, 'readonly');
    await mkdir(place);
    await call('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', place]);
    try {
      const moved = (e: Environment) => ({
        ...e,
        folders: { uploads: { ...e.folders.uploads, path: join(place, 'uploads') } },
      });
      const restore = ['restore', '--to', 'latest', '--no-backup', '--confirm', 'drill'];
      const said = await changed(site, moved, 1, ...restore);
      expect(said).toContain('DR-TARGET-REFUSES');
      expect(said).toContain('read-only file system');
      expect(said).not.toContain('DAMAGED');
    } finally {
      await call('umount', [place]);
    }
  });
});
