/**
 * Carries out the plan. Points go first, by a signed checkpoint: a point must never name data that is gone. If the run dies after
 * that, it leaves data that no point names, and the next run removes it. A second checkpoint says when it has ended: what the engines
 * removed between the two is no intruder's.
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

type Step = (id: string, title: string, detail: string, work: () => Promise<void>) => Promise<void>;

/** Data that no point names any more goes too. */
function removesData({ lineages, snapshots, copies = [] }: RepositoryPlan): boolean {
  return snapshots.length + copies.length > 0 || lineages.some(({ whole, sets }) => whole || sets.length > 0);
}

export async function executePrune(
  site: Site,
  repository: Repository,
  plan: RepositoryPlan,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  const step: Step = (id, title, detail, work) =>
    reportStep(
      progress,
      { step: `prune/${repository.id}/${id}`, title: `${repository.id}: ${title}`, detail, signal },
      work,
    );
  const catalog = await openCatalog(site, repository, 'writer');
  const by = holderName();
  if (plan.remove.length > 0) {
    await step('points', 'remove points', plural(plan.remove.length, 'point'), () =>
      catalog.removePoints(plan.remove, by),
    );
  } else if (removesData(plan)) await catalog.signWork(by);
  await removeData(site, repository, plan, { step, signal });
  if (removesData(plan) || plan.remove.length > 0) await catalog.signWork(by);
}

async function removeData(
  site: Site,
  repository: Repository,
  plan: RepositoryPlan,
  { step, signal }: { readonly step: Step; readonly signal: AbortSignal },
): Promise<void> {
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
