import { expect, test } from 'vitest';
import { kubernetesObjects } from '../manifests-of.ts';
import { record } from '../recording.ts';

interface Mount {
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

/** The `volumeMounts` of every container, wherever in an object. */
function mountsOf(value: unknown): Mount[][] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'volumeMounts' in value && Array.isArray(value.volumeMounts) ? [value.volumeMounts as Mount[]] : [];
  return [...own, ...Object.values(value).flatMap(mountsOf)];
}

test.each(['production', 'dr', 'local'])('%s mounts nothing inside of a volume that is read-only', async (stack) => {
  const all = kubernetesObjects(await record(stack)).flatMap(({ manifest }) => mountsOf(manifest));
  expect(all.length).toBeGreaterThan(10);
  const inside = all.flatMap((mounts) => {
    const closed = mounts.filter(({ readOnly }) => readOnly === true).map(({ mountPath }) => `${mountPath}/`);
    return mounts.filter(({ mountPath }) => closed.some((folder) => mountPath.startsWith(folder)));
  });
  expect(inside).toEqual([]);
});
