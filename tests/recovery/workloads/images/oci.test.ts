/** An image is its blobs: each that is missing, altered or cut short is found, by `dr backup` and after a restore. */
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
  const facts = { ...(await checkOciLayouts(folder)) };
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
  expect(await checkOciLayouts(folder)).toEqual({ images: 2, blobs: blobs.length });
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
