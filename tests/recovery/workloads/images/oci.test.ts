/** An image is its blobs: each that is missing, altered or cut short is found, by `dr backup` and after a restore. */
import { createHash } from 'node:crypto';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeTree } from '../../../../drill/platform/content.ts';
import { imageLayout } from '../../../../drill/platform/images.ts';
import { checkOciLayouts } from '../../../../recovery/workloads/images/oci.ts';
import { verifyItem } from '../../../../recovery/workloads/registry.ts';
import type { RestoreItem } from '../../../../recovery/workloads/restore-plan.ts';
import type { RestoreContext } from '../../../../recovery/workloads/restore-step.ts';
import { scratch } from '../../../scratch.ts';
import { resticCapture } from '../../points/point-fixture.ts';

async function images(): Promise<{ folder: string; blobs: string[]; item: RestoreItem }> {
  const folder = await scratch();
  const { files } = imageLayout(['order-service', 'analytics'], 7);
  await writeTree(folder, files);
  const { absent: _, ...facts } = await checkOciLayouts(folder);
  const capture = resticCapture('images', '2026-11-23T02:00:00Z', { facts });
  const item: RestoreItem = {
    ...{ workload: 'images', type: 'images', tier: 'P3', title: 'Images', capture },
    ...{ point: '20261123T020000Z-full-0000', skewSeconds: 0, destination: folder, state: 'occupied' },
  };
  return { folder, blobs: [...files.keys()].filter((name) => name.startsWith('blobs/')), item };
}

const verify = (item: RestoreItem) => verifyItem({} as RestoreContext, item);

test('whole images are counted', async () => {
  const { folder, blobs, item } = await images();
  expect(await checkOciLayouts(folder)).toEqual({ images: 2, blobs: blobs.length, absent: [] });
  expect(await verify(item)).toMatchObject([{ id: 'images/blobs', ok: true }]);
});

test.each<[string, (path: string) => Promise<void>, string]>([
  ['missing', (path) => rm(path), 'the blob is missing'],
  ['altered', (path) => writeFile(path, 'something else'), 'its sha256 is '],
  ['cut short', (path) => truncate(path, 10), 'its sha256 is '],
])('a blob that is %s', async (_, damage, fact) => {
  const { folder, blobs, item } = await images();
  // Layers, configurations and manifests alike.
  for (const blob of blobs) {
    await writeTree(folder, imageLayout(['order-service', 'analytics'], 7).files);
    await damage(join(folder, blob));
    await expect(verify(item)).rejects.toMatchObject({
      code: 'IMAGE-DAMAGED',
      exit: 5,
      where: join(folder, blob),
      fact: expect.stringContaining(fact),
    });
  }
});

test('an index that is cut short, or lists fewer images than were captured', async () => {
  const { folder, item } = await images();
  await truncate(join(folder, 'index.json'), 20);
  await expect(verify(item)).rejects.toMatchObject({
    code: 'IMAGE-DAMAGED',
    exit: 5,
    where: join(folder, 'index.json'),
  });
  await writeTree(folder, imageLayout(['order-service'], 7).files);
  await expect(verify(item)).rejects.toMatchObject({
    code: 'VERIFICATION-FAILED',
    exit: 5,
    fact: expect.stringContaining('2 images'),
  });
});

test('an image of several platforms may hold some of them; what it held must come back', async () => {
  const folder = await scratch();
  const blob = async (text: string, algorithm = 'sha256'): Promise<{ digest: string; size: number }> => {
    const hex = createHash(algorithm).update(text).digest('hex');
    await writeTree(folder, new Map([[`blobs/${algorithm}/${hex}`, text]]));
    return { digest: `${algorithm}:${hex}`, size: text.length };
  };
  const layer = await blob('layer', 'sha512');
  const held = await blob(JSON.stringify({ layers: [layer] }));
  const of = (architecture: string) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    platform: { os: 'linux', architecture },
  });
  const other = { digest: `sha256:${'0'.repeat(64)}`, size: 9 };
  const index = await blob(
    JSON.stringify({
      manifests: [
        { ...held, ...of('amd64') },
        { ...other, ...of('arm64') },
      ],
    }),
  );
  const top = { manifests: [{ ...index, mediaType: 'application/vnd.oci.image.index.v1+json' }] };
  await writeTree(
    folder,
    new Map([
      ['oci-layout', '{}'],
      ['index.json', JSON.stringify(top)],
    ]),
  );
  const found = await checkOciLayouts(folder);
  expect(found).toMatchObject({ images: 1, blobs: 3 });
  expect(found.absent).toEqual([expect.stringMatching(/^linux\/arm64 of an image in .* does not hold it$/)]);
  await rm(join(folder, 'blobs', ...held.digest.split(':')));
  await expect(checkOciLayouts(folder)).rejects.toMatchObject({ code: 'IMAGE-DAMAGED' });
});
