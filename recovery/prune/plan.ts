/** Reads one repository and plans what goes. Changes nothing. */
import { join } from 'node:path';
import { seconds } from '../../plan/duration.ts';
import { readLineage } from '../config/lineage.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { openPgBackRest, type PgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import { openRestic } from '../engines/restic/restic.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { copyFolders } from '../points/offsite-copy/copies.ts';
import { plural } from '../report/format.ts';
import { activeLeases } from '../storage/lease.ts';
import { decidePrune, IN_WINDOW, type PointDecision } from './decide.ts';
import { GRACE_SECONDS, type Named, setsToExpire, snapshotsToForget } from './engine-data.ts';
import { refuseDoubtfulClock } from './safeguards.ts';
import type { LineagePlan, RepositoryPlan } from './types.ts';

interface Decided {
  readonly entries: readonly CatalogEntry[];
  readonly decisions: readonly PointDecision[];
  readonly remove: ReadonlySet<string>;
  /** The catalog has no problems, so data that no point names is not needed. */
  readonly inOrder: boolean;
  readonly warnings: readonly string[];
}

async function decide(site: Site, repository: Repository, now: Date, only?: ReadonlySet<string>): Promise<Decided> {
  const catalog = await openCatalog(site, repository, 'writer');
  const { points: entries, problems } = await catalog.review();
  await refuseDoubtfulClock(repository, entries, now);
  const store = await repository.store('writer');
  const leases = await activeLeases(store, repository.layout, now);
  const decisions = decidePrune({
    entries,
    retentionSeconds: seconds(retentionOf(site, repository)),
    now,
    workloads: new Set(site.plan.workloads.map(({ id }) => id)),
    selfContained: repository.exported,
    leased: new Set(leases.map(({ point }) => point)),
    lineage: (await readLineage(site))?.name,
  });
  const remove = decisions.filter(({ id, keep }) => keep.length === 0 && (only === undefined || only.has(id)));
  const inOrder = problems.length === 0;
  const warning = `${plural(problems.length, 'document')} of the catalog can't be trusted (\`dr points\`): data that no point names stays`;
  return {
    entries,
    decisions,
    remove: new Set(remove.map(({ id }) => id)),
    inOrder,
    warnings: inOrder ? [] : [warning],
  };
}

function retentionOf(site: Site, repository: Repository) {
  const planned = site.plan.repositories.find(({ id }) => id === repository.id);
  if (planned) return planned.retention;
  throw new DrError({
    code: 'REPOSITORY-UNPLANNED',
    where: `repository ${repository.id}`,
    fact: 'the plan has no retention for it',
    hint: 'add it to the repositories of the plan',
    exit: 2,
  });
}

/** Ids of one engine's data, by whether their points stay. */
function named(decided: Decided, now: Date, idsOf: (entry: CatalogEntry) => readonly string[]): Named {
  const ids = (wanted: boolean) =>
    new Set(decided.entries.filter(({ point }) => decided.remove.has(point.id) === wanted).flatMap(idsOf));
  return { kept: ids(false), removed: ids(true), leftovers: decided.inOrder, now };
}

const snapshotsOf = ({ point }: CatalogEntry): string[] =>
  point.captures.flatMap((capture) => (capture.engine === 'restic' ? [capture.snapshot] : []));

function setsOf(lineage: string): (entry: CatalogEntry) => string[] {
  return ({ point }) =>
    point.captures.flatMap((capture) =>
      capture.engine === 'pgbackrest' && capture.lineage === lineage ? [capture.set] : [],
    );
}

/** For generated configurations. Removed at the end. */
export function pruneFolder(site: Site): string {
  return join(site.environment.stateDir, 'prune');
}

/** Uses a configuration of its own: the one that `archive_command` uses names all repositories. */
export async function openForPruning(
  site: Site,
  repository: Repository,
  { lineage, passphrase }: Pick<LineagePlan, 'lineage' | 'passphrase'>,
): Promise<PgBackRest> {
  return openPgBackRest(site, {
    lineage,
    repositories: [repository],
    role: 'writer',
    passphrase,
    folder: join(pruneFolder(site), `${repository.id}-${lineage}`),
    postgres: site.environment.postgres ?? {
      dataDir: '/nonexistent',
      socketDir: '/nonexistent',
      port: 5432,
      user: 'postgres',
      database: 'postgres',
    },
  });
}

/** Lineages with files in the repository, and the time of each one's newest file. */
async function lineagesIn(repository: Repository): Promise<Map<string, Date>> {
  const { pgbackrestPrefix } = repository.layout;
  const newest = new Map<string, Date>();
  for (const { key, modified } of await (await repository.store('writer')).list(pgbackrestPrefix)) {
    const lineage = key.slice(pgbackrestPrefix.length).split('/')[0] ?? '';
    const known = newest.get(lineage);
    if (known === undefined || modified > known) newest.set(lineage, modified);
  }
  return newest;
}

async function planLineage(
  site: Site,
  repository: Repository,
  decided: Decided,
  { lineage, newest, now }: { readonly lineage: string; readonly newest: Date; readonly now: Date },
): Promise<LineagePlan> {
  const sets = named(decided, now, setsOf(lineage));
  const naming = decided.entries.flatMap(({ point }) => point.captures);
  const passphrase = naming.findLast((c) => c.engine === 'pgbackrest' && c.lineage === lineage);
  const head = { lineage, passphrase: passphrase?.engine === 'pgbackrest' ? passphrase.passphrase : undefined };
  const retentionMs = seconds(retentionOf(site, repository)) * 1000;
  const present = (await readLineage(site))?.name === lineage;
  const old = now.getTime() - newest.getTime() > Math.max(retentionMs, 24 * 3600 * 1000);
  const whole = sets.kept.size === 0 && decided.inOrder && !present && old;
  if (whole) return { ...head, whole, sets: [...sets.removed], roots: [], archiveFulls: 0 };
  const info = await (await openForPruning(site, repository, head)).info(repository);
  const windowed = decided.decisions.filter(({ keep }) => keep.some((reason) => IN_WINDOW.has(reason)));
  const ids = new Set(windowed.map(({ id }) => id));
  const window = new Set(decided.entries.filter(({ point }) => ids.has(point.id)).flatMap(setsOf(lineage)));
  return { ...head, whole, ...setsToExpire(info?.backup ?? [], sets, window) };
}

/** No off-site copy needs another one, so each goes as a whole or not at all. */
async function planCopies(site: Site, repository: Repository, decided: Decided, now: Date): Promise<RepositoryPlan> {
  const listed = new Set(decided.entries.map(({ point }) => point.id));
  const old = (newest: Date): boolean => now.getTime() - newest.getTime() > GRACE_SECONDS * 1000;
  const copies = (await copyFolders(repository, 'writer'))
    .filter(({ point, newest }) => decided.remove.has(point) || (decided.inOrder && !listed.has(point) && old(newest)))
    .map(({ point }) => point);
  return {
    repository: repository.id,
    retention: retentionOf(site, repository),
    points: decided.decisions,
    remove: [...decided.remove],
    snapshots: [],
    lineages: [],
    copies,
    warnings: [...decided.warnings],
  };
}

/** Whether leases, marks and points are still those that the plan was made for. */
export async function isCurrent(
  site: Site,
  repository: Repository,
  now: Date,
  { plan, only }: { readonly plan: RepositoryPlan; readonly only: ReadonlySet<string> },
): Promise<boolean> {
  const { decisions, remove } = await decide(site, repository, now, only);
  const text = (points: readonly PointDecision[], ids: Iterable<string>): string => JSON.stringify([points, [...ids]]);
  return text(decisions, remove) === text(plan.points, plan.remove);
}

/** @param only points that may go; @default all of the decision */
export async function planRepository(
  site: Site,
  repository: Repository,
  now: Date,
  only?: ReadonlySet<string>,
): Promise<RepositoryPlan> {
  const decided = await decide(site, repository, now, only);
  if (repository.exported === true) return planCopies(site, repository, decided, now);
  const restic = openRestic(site, repository, 'writer');
  const snapshots = (await restic.exists()) ? await restic.snapshots() : [];
  const lineages: LineagePlan[] = [];
  const warnings = [...decided.warnings];
  for (const [lineage, newest] of await lineagesIn(repository)) {
    try {
      lineages.push(await planLineage(site, repository, decided, { lineage, newest, now }));
    } catch (error) {
      // A lineage that no point names may belong to a site whose passphrase is missing here.
      if (!(error instanceof DrError) || decided.entries.some((entry) => setsOf(lineage)(entry).length > 0))
        throw error;
      warnings.push(`skipped ${lineage}, which no point names: ${error.fact.split('\n')[0]}`);
    }
  }
  return {
    repository: repository.id,
    retention: retentionOf(site, repository),
    points: decided.decisions,
    remove: [...decided.remove],
    snapshots: snapshotsToForget(snapshots, named(decided, now, snapshotsOf)),
    lineages,
    warnings,
  };
}
