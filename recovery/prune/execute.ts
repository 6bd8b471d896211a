/**
 * Carries out the plan. Points go first, by a signed checkpoint: a point must never name data that is gone. If the run dies after
 * that, it leaves data that no point names, and the next run removes it.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import type { Repository, Site } from '../config/site.ts';
import { holderName } from '../core/holder.ts';
import type { Progress } from '../core/progress.ts';
import { reportStep } from '../core/report-step.ts';
import { forgetSnapshots } from '../engines/restic/actions.ts';
import { openRestic } from '../engines/restic/restic.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { plural } from '../report/format.ts';
import type { ObjectInfo } from '../storage/object-store.ts';
import { openForPruning } from './plan.ts';
import type { LineagePlan, RepositoryPlan } from './types.ts';

/** pgBackRest warns without a limit. The points decide instead. */
const UNLIMITED = '9999999';

const DELETES_AT_ONCE = 16;

async function pruneLineage(
  site: Site,
  repository: Repository,
  plan: LineagePlan,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pg = await openForPruning(site, repository, plan);
  const n = pg.number(repository);
  const repo = `--repo=${n}`;
  if (plan.whole) {
    // The lock folder is private to this run, so `stop` affects nobody else.
    await pg.run('stop');
    await pg.run('stanza-delete', [repo, '--force'], { signal });
    const store = await repository.store('writer');
    for (const { key } of await store.list(`${repository.layout.pgbackrest(plan.lineage)}/`)) await store.delete(key);
    return;
  }
  const full = `--repo${n}-retention-full=${UNLIMITED}`;
  for (const set of plan.roots) await pg.run('expire', [repo, `--set=${set}`, full], { signal });
  if (plan.archiveFulls === 0) return;
  const archive = [`--repo${n}-retention-archive-type=full`, `--repo${n}-retention-archive=${plan.archiveFulls}`];
  await pg.run('expire', [repo, full, ...archive], { signal });
}

/** The point is gone by now. If the run dies here, the next one removes the rest like that of an interrupted export. */
async function removeCopy(repository: Repository, point: string, signal: AbortSignal | undefined): Promise<void> {
  const store = await repository.store('writer');
  const prefix = repository.layout.copyPrefix(point);
  const remove = async ({ key }: ObjectInfo): Promise<void> => {
    signal?.throwIfAborted();
    await store.delete(key);
  };
  await pMap(await store.list(prefix), remove, { concurrency: DELETES_AT_ONCE });
  // Deleting keys leaves empty folders.
  const { settings } = repository;
  if (settings.type === 'posix') await rm(join(settings.path, prefix), { recursive: true, force: true });
}

export async function executePrune(
  site: Site,
  repository: Repository,
  plan: RepositoryPlan,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const step = (id: string, title: string, detail: string, work: () => Promise<void>): Promise<void> =>
    reportStep(
      progress,
      { step: `prune/${repository.id}/${id}`, title: `${repository.id}: ${title}`, detail, signal },
      work,
    );
  if (plan.remove.length > 0) {
    const catalog = await openCatalog(site, repository, 'writer');
    await step('points', 'remove points', plural(plan.remove.length, 'point'), () =>
      catalog.removePoints(plan.remove, holderName()),
    );
  }
  for (const lineage of plan.lineages) {
    const detail = lineage.whole ? 'the whole lineage' : plural(lineage.sets.length, 'set');
    await step(lineage.lineage, `PostgreSQL ${lineage.lineage}`, detail, () =>
      pruneLineage(site, repository, lineage, signal),
    );
  }
  if (repository.exported === true) {
    for (const point of plan.copies ?? [])
      await step(`copy/${point}`, `copy of ${point}`, 'all of it', () => removeCopy(repository, point, signal));
    return;
  }
  const restic = openRestic(site, repository, 'writer');
  if (!(await restic.exists())) return;
  await step('restic', 'files', plural(plan.snapshots.length, 'snapshot'), () =>
    forgetSnapshots(restic, plan.snapshots, signal),
  );
}
