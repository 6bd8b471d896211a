/** A restic pack is missing or damaged: verification and restore fail and name the lost paths. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSite } from '../../recovery/config/site.ts';
import { openRestic } from '../../recovery/engines/restic/restic.ts';
import { isReady } from './evidence.ts';
import { drEnds, type Golden, withGolden } from './golden.ts';
import { findings, whileDamaged } from './verify-dr.ts';

interface Pack {
  readonly file: string;
  readonly id: string;
}

/** A pack with content and the pack with the root folder of the newest snapshot of the uploads; and a file that needs the first. */
async function packsOfUploads(golden: Golden, envFile: string): Promise<{ data: Pack; tree: Pack; path: string }> {
  const site = await openSite(envFile);
  const restic = openRestic(site, site.repository('local'), 'restorer');
  const newest = (await restic.snapshots({ tags: ['workload=uploads'] })).at(-1);
  const indexes = (await restic.run(['list', 'index', '--quiet'])).stdout.split('\n').filter((id) => id !== '');
  const packs: { id: string; blobs: { id: string; type: string }[] }[] = [];
  for (const id of indexes) packs.push(...JSON.parse((await restic.run(['cat', 'index', id, '--quiet'])).stdout).packs);
  const holding = (blob: string): Pack => {
    const id = packs.find(({ blobs }) => blobs.some((b) => b.id === blob))?.id ?? '';
    return { id, file: join(golden.repositories, 'local/drill/restic/data', id.slice(0, 2), id) };
  };
  const blobs = packs.flatMap((pack) => pack.blobs.filter(({ type }) => type === 'data').map(({ id }) => id));
  const found = await restic.run(['find', '--snapshot', newest?.id ?? '', '--blob', ...blobs]);
  const [, blob = '', path = ''] = /Found blob ([0-9a-f]{64})\n \.\.\. in file (.*)/.exec(found.stdout) ?? [];
  expect(path).toContain('/uploads/');
  return { data: holding(blob), tree: holding(newest?.tree ?? ''), path };
}

const ARGS = ['--repository', 'local', '--read-data'];

test('a pack that is missing, flipped or cut short: the lost paths are named', async () => {
  await withGolden(async (golden) => {
    const { points } = golden.facts;
    const site = await golden.emptySite('second', { workloads: ['uploads'] });
    const { data, tree, path } = await packsOfUploads(golden, site.envFile);

    await whileDamaged(data.file, 'missing', async () => {
      // Reading back retries the pack; it must still end.
      const found = await findings(5, site.envFile, [...ARGS, '100']);
      const lost = found.find(({ code }) => code === 'FILES-LOST');
      expect(lost).toMatchObject({ area: 'uploads', points: [points.full, points.incremental] });
      expect(lost?.fact).toContain(path);
      expect(found.find(({ code }) => code === 'PACK-DAMAGED')?.fact).toContain(`${data.id}: does not exist`);

      const restored = await drEnds(1, site.envFile, [
        'restore',
        '--to',
        'latest',
        '--from',
        'local',
        '--only',
        'uploads',
      ]);
      expect(restored.stdout + restored.stderr).toContain('SNAPSHOT-DAMAGED');
      expect(restored.stdout + restored.stderr).toContain(path);
      expect(isReady(site)).toBe(false);
    });

    // A byte shows only when it is read; a pack that was cut short shows by its size.
    await whileDamaged(data.file, 'flipped', async () => {
      expect(await findings(0, site.envFile, [...ARGS, '0'])).toEqual([]);
      const found = await findings(5, site.envFile, [...ARGS, '100']);
      expect(found.find(({ code }) => code === 'FILES-LOST')?.fact).toContain(path);
    });
    await whileDamaged(data.file, 'cut', async () => {
      const found = await findings(5, site.envFile, [...ARGS, '0']);
      expect(found.find(({ code }) => code === 'FILES-LOST')?.fact).toContain(path);
    });

    // Without the root folder's listing the whole snapshot is lost.
    await whileDamaged(tree.file, 'missing', async () => {
      const found = await findings(5, site.envFile, [...ARGS, '0']);
      const lost = found.find(({ code, area }) => code === 'FILES-LOST' && area === 'uploads');
      expect(lost?.fact).toMatch(/\/uploads\/ \(everything\)/);
    });
  });
});
