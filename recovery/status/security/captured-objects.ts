/** The objects that the newest capture of the cluster's rights holds. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository, Site } from '../../config/site.ts';
import { makePassableFolder } from '../../core/account.ts';
import { openRestic } from '../../engines/restic/restic.ts';
import type { KubeObject } from '../../kubernetes/objects.ts';
import { readFolder } from '../../workloads/objects/snapshot/part.ts';
import { inspectRepository, newestCaptures } from '../probes/repositories.ts';

export interface CapturedObjects {
  /** ISO 8601. */
  readonly at: string;
  readonly objects: readonly KubeObject[];
}

/** Where restic has laid the snapshot down: below the path that it was taken of. */
async function laidDown(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const [only] = entries;
  return entries.length === 1 && only?.isDirectory() ? laidDown(join(folder, only.name)) : folder;
}

/** Undefined where no repository has them. */
export async function capturedObjects(
  site: Site,
  repositories: readonly Repository[],
): Promise<CapturedObjects | undefined> {
  const workload = site.plan.workloads.find(({ objects }) => objects === 'access')?.id;
  if (workload === undefined) return undefined;
  for (const repository of repositories) {
    const capture = newestCaptures([await inspectRepository(site, repository)]).get(workload);
    if (capture === undefined || capture.engine !== 'restic') continue;
    const base = join(site.environment.stateDir, 'scratch');
    await makePassableFolder(base);
    const folder = await mkdtemp(join(base, 'access-'));
    try {
      await openRestic(site, repository, 'restorer').run(['restore', capture.snapshot, '--target', folder], {
        keep: 'ends',
      });
      const { capturedAt } = capture;
      const { objects } = await readFolder(await laidDown(folder), {
        workload,
        part: 'access',
        capturedAt,
      } as Parameters<typeof readFolder>[1]);
      return { at: capturedAt, objects: objects.map(({ object }) => object) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return undefined;
}
