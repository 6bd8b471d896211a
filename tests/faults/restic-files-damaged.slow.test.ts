/**
 * restic's own files are damaged, emptied or gone: each command says that the repository is damaged, never that it is unreachable or that
 * the passphrase is wrong, and the other repository gets its copy all the same.
 */
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withSmallSite } from './small-site.ts';
import { flipByte } from './verify-dr.ts';

type Damage = readonly [
  name: string,
  harm: (restic: string) => Promise<void>,
  code: string,
  /** Of `dr verify`, where it looks deeper. */
  found?: string,
];

async function oneOf(folder: string): Promise<string> {
  const [first = ''] = await readdir(folder);
  return join(folder, first);
}

/** Another key, of the right form. */
async function swapTwo(file: string): Promise<void> {
  const key = await readFile(file, 'utf8');
  await writeFile(file, key.replace(/"data":"(.{8})(.{8})/, '"data":"$2$1'));
}

async function packs(restic: string): Promise<string[]> {
  const entries = await readdir(join(restic, 'data'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const DAMAGED = 'REPOSITORY-DAMAGED';

const OPENING: readonly Damage[] = [
  ['config cut short', (restic) => truncate(join(restic, 'config'), 100), DAMAGED],
  ['config emptied', (restic) => truncate(join(restic, 'config'), 0), DAMAGED],
  ['config gone', (restic) => rm(join(restic, 'config')), DAMAGED],
  ['key file cut short', async (restic) => truncate(await oneOf(join(restic, 'keys')), 100), DAMAGED],
  ['key file changed', async (restic) => swapTwo(await oneOf(join(restic, 'keys'))), 'RESTIC-KEYS-DAMAGED'],
];

const INDEX: readonly Damage[] = [
  ['index emptied', async (restic) => truncate(await oneOf(join(restic, 'index')), 0), DAMAGED, 'RESTIC-DAMAGED'],
  ['index gone', (restic) => rm(join(restic, 'index'), { recursive: true }), DAMAGED, 'TREE-DAMAGED'],
];

/** The others are told by the same words of restic's. */
const WATCHED = ['config cut short', 'key file changed', 'index emptied', 'index gone'];

test('opening the repository, reading its index, copying out of it', async () => {
  await withSmallSite(
    {
      workloads: ['uploads'],
      edit: (environment, { paths }) => {
        const { local } = environment.repositories;
        if (local?.type !== 'posix') throw new TypeError('a folder');
        const other = { ...local, path: join(paths.root, 'other') };
        return { ...environment, repositories: { local, secondary: other } };
      },
    },
    async ({ dr, environment, paths }) => {
      const { local } = environment.repositories;
      if (local?.type !== 'posix') throw new TypeError('a folder');
      await mkdir(join(paths.root, 'uploads'), { recursive: true });
      await writeFile(join(paths.root, 'uploads/large'), Buffer.alloc(200_000, 7));
      await dr(0, 'backup', '--kind', 'full');
      const restic = join(local.path, 'drill/restic');
      const kept = join(paths.root, 'kept');
      await cp(restic, kept, { recursive: true });
      const restore = ['restore', '--to', 'latest', '--only', 'uploads', '--from', 'local', '--dry-run'];
      for (const [name, harm, code, found = code] of [...OPENING, ...INDEX]) {
        await rm(restic, { recursive: true });
        await cp(kept, restic, { recursive: true });
        await rm(join(paths.state, 'cache'), { recursive: true, force: true });
        await harm(restic);
        const verified = await dr(5, 'verify', '--repository', 'local', '--read-data', '0');
        expect(verified, name).toContain(`WRONG ${found} local`);
        expect(verified, name).not.toMatch(/NOT REACHED|PASSPHRASE-WRONG|\.go:\d/);
        if (!WATCHED.includes(name)) continue;
        expect(await dr(5, 'repository', 'status', 'local'), name).toMatch(/WRONG restic: .*(?:damaged|gone)/);
        const restored = await dr(5, ...restore);
        expect(restored, name).toContain(`DR-${code} `);
        expect(restored, name).toContain(
          'hint: secondary holds the same copies by its catalog: dr restore --to latest --from secondary --only uploads; ',
        );
      }

      // The index is gone still: an incremental backup can't read the folders of the snapshot before.
      const incremental = await dr(3, 'backup', '--kind', 'incremental');
      expect(incremental).toMatch(/^uploads +ok .* secondary$/m);
      expect(incremental).toContain(`local: DR-${DAMAGED} `);

      // restic makes a new snapshot of packs that it believes to have; only the copy out of them shows that it has not.
      await rm(restic, { recursive: true });
      await cp(kept, restic, { recursive: true });
      await rm(join(paths.state, 'cache'), { recursive: true, force: true });
      for (const pack of await packs(restic)) await flipByte(pack, 0.3);
      const full = await dr(3, 'backup', '--kind', 'full');
      expect(full).toMatch(/^uploads +ok .* secondary$/m);
      expect(full).toContain(`local: DR-${DAMAGED} `);
      const point = await readFile(
        join(paths.root, 'other/drill/catalog/v1/points', `${/recovery point (\S+)/.exec(full)?.[1]}.json`),
        'utf8',
      );
      expect(point).toContain('uploads');
    },
  );
});
