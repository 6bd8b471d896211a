/** Workloads whose snapshot is a folder: their restore, their trial, and where a copy goes that nothing uses by itself. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../plan/types.ts';
import type { Site } from '../config/site.ts';
import { makeReachableFolder } from '../core/account.ts';
import { precondition } from '../core/errors.ts';
import { keepLinksInside, layDown } from './lay-down.ts';
import { mountsBelow } from './mounts.ts';
import type { SnapshotItem } from './restore-plan.ts';
import { type Check, judged } from './restore-step.ts';
import { restoreFolder } from './swap.ts';
import type { TrialRequest, TrialResult, WorkloadType } from './workload.ts';

// The names that a workload type of somebody else's needs (CONTRIBUTING.md) are in one place.
export { layDown } from './lay-down.ts';
export { besides } from './swap.ts';

/** The folder of a copy that a restore only lays down, for a person to use. */
export function restoredFolder(site: Site, { id }: Workload): string {
  return join(site.environment.stateDir, 'restored', id);
}

/**
 * A trial restore of a snapshot: laid down in the scratch folder, asked, and removed.
 * @param ask Gets the item with its scratch folder as the destination.
 */
export async function trySnapshot(
  site: Site,
  item: SnapshotItem,
  { repository, scratch, report, signal }: TrialRequest,
  ask: (tried: SnapshotItem) => Promise<readonly Check[]>,
): Promise<TrialResult> {
  const place = join(scratch.folder, 'files');
  const destination = join(place, item.workload);
  // A server of the trial runs as the engines' account and must get here; what lies below has its own modes.
  await makeReachableFolder(site.environment.stateDir, place, site.environment.runAs);
  // A cache of its own: what is tried must come from the repository.
  const aside: Site = { ...site, environment: { ...site.environment, stateDir: scratch.folder } };
  try {
    await layDown({ site: aside, source: repository, signal }, item, destination, report);
    const { path, facts } = item.capture;
    await keepLinksInside(destination, [path, ...(typeof facts.linkedFrom === 'string' ? [facts.linkedFrom] : [])]);
    return { checks: await ask({ ...item, destination }) };
  } finally {
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Throws `FOLDER-HOLDS-MOUNT` (exit 6): the copy would go under the mount, and the removal of the old data into it. */
async function refuseMountsBelow(where: string, destination: string): Promise<void> {
  const mounts = await mountsBelow(destination);
  if (mounts.length === 0) return;
  throw precondition({
    code: 'FOLDER-HOLDS-MOUNT',
    where,
    fact: `${destination} holds mount points, which a restore can't replace: ${mounts.join(', ')}`,
    hint: `unmount them first (umount ${mounts.join(' ')}); the copy holds their files too`,
  });
}

/** The answers of a type whose snapshot is the folder itself, with nothing to do but to put it in its place. */
export function folderType(checks: WorkloadType['checks']) {
  return {
    engines: ['restic'],
    async needs(_, { workload, destination, capture }) {
      await refuseMountsBelow(workload, destination);
      return [{ path: destination, bytes: capture.bytes }];
    },
    async restore(context, item) {
      await restoreFolder(context, item);
      return undefined;
    },
    checks,
    trial: (site, item, request) =>
      trySnapshot(site, item, request, async (tried) => judged(tried, await checks(site, tried))),
  } as const satisfies Omit<WorkloadType, 'destination'>;
}
