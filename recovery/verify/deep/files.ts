/** Everything that restic holds of a point, laid down in a scratch place one after another, checked, and removed. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository, Site } from '../../config/site.ts';
import { makeReachableFolder } from '../../core/account.ts';
import { layDown } from '../../workloads/folder.ts';
import { readDump } from '../../workloads/postgres/dump.ts';
import { askRedis } from '../../workloads/redis/workload.ts';
import { verifyItem } from '../../workloads/registry.ts';
import type { RestoreItem } from '../../workloads/restore-plan.ts';
import type { Check } from '../../workloads/restore-step.ts';
import type { Scratch, TrialOptions } from '../../workloads/workload.ts';

export async function tryFiles(
  site: Site,
  repository: Repository,
  item: RestoreItem,
  scratch: Scratch,
  options: TrialOptions,
): Promise<readonly Check[]> {
  const place = join(scratch.folder, 'files');
  const destination = join(place, item.workload);
  // Redis runs as the engines' account and must get here; what lies below has its own modes.
  await makeReachableFolder(site.environment.stateDir, place, site.environment.runAs);
  // A cache of its own: what is tried must come from the repository.
  const aside: Site = { ...site, environment: { ...site.environment, stateDir: scratch.folder } };
  try {
    await layDown({ site: aside, source: repository, signal: options.signal }, item, destination, options.report);
    if (item.type === 'redis') return await askRedis(site, item, destination, scratch, options);
    const checks = await verifyItem({ site }, { ...item, destination });
    return item.type === 'postgres-dump' ? [...checks, await readDump(site, item, destination, options)] : checks;
  } finally {
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  }
}
