/** The objects of a point, read from the repositories of an environment file. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isConfigured } from '../config/selection.ts';
import type { Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import { makeTempFolder } from '../core/files/temp-folder.ts';
import { requireEngine } from '../engines/find.ts';
import { openRestic } from '../engines/restic/restic.ts';
import { restoreSnapshot } from '../engines/restic/restore.ts';
import { chooseRepository } from '../restore/choose-repository.ts';
import type { Choice, Resolved } from '../restore/resolve-in.ts';
import { type Part, readFolder } from '../workloads/objects/snapshot/part.ts';
import { platformOf } from '../workloads/objects/snapshot/read.ts';
import { noManifests, type ObjectsSource } from './source.ts';

async function readParts(site: Site, { source, resolution }: Resolved, { signal }: Choice): Promise<Part[]> {
  const folder = await makeTempFolder('go-coffee-dr-');
  try {
    const restic = openRestic(site, source, 'restorer');
    const parts: Part[] = [];
    for (const { workload, capture, point } of resolution.items) {
      const part = site.plan.workloads.find(({ id }) => id === workload)?.objects;
      if (capture.engine !== 'restic' || part === undefined) continue;
      const { snapshot, capturedAt, path } = capture;
      const target = join(folder, workload);
      await restoreSnapshot(restic, { snapshot, folder: target, signal });
      parts.push(await readFolder(join(target, path), { workload, part, point, snapshot, capturedAt }));
    }
    return parts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads only. Throws `TARGET-…`, `POINT-…` as `dr restore` does, `OBJECTS-NOWHERE` (exit 2) and what reading throws. */
export async function objectsOfSite(site: Site, choice: Choice): Promise<ObjectsSource> {
  const { environment, plan } = site;
  const wanted = plan.workloads.filter((each) => each.objects !== undefined && isConfigured(environment, each));
  if (environment.kubernetes === undefined || wanted.length === 0) {
    throw badInput({
      code: 'OBJECTS-NOWHERE',
      where: '--select',
      fact: 'the environment file names no cluster (`kubernetes`)',
      hint: 'for the platform of a stack: dr restore --stack NAME --to latest --select KIND/NAME',
    });
  }
  await requireEngine('restic');
  const chosen = await chooseRepository(site, choice, wanted);
  const { items, missing, warnings } = chosen.resolution;
  const parts = await readParts(site, chosen, choice);
  if (parts.length === 0) throw noManifests(chosen.repository.id, choice.targetText);
  const { objects, notes } = platformOf(parts);
  return {
    repository: chosen.repository.id,
    points: [...new Set(items.map(({ point }) => point))].sort(),
    objects: objects.map(({ object }) => object),
    notes: [
      ...chosen.notes,
      ...warnings,
      ...missing.map((id) => `${chosen.repository.id} holds no ${id} of that moment`),
      ...notes,
    ],
  };
}
