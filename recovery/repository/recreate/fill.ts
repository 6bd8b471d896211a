/** Fills an empty repository from another one: sets and WAL, snapshots, and the points that name them, last. */
import { join } from 'node:path';
import type { Repository, Site } from '../../config/site.ts';
import type { Progress } from '../../core/progress.ts';
import { reportStep } from '../../core/report-step.ts';
import { ensureRepository } from '../../engines/restic/actions.ts';
import { openRestic } from '../../engines/restic/restic.ts';
import { copySnapshotsOf } from '../../offsite/copy-files.ts';
import { type CopiedLineage, type CopyLineageRequest, copyLineage } from '../../offsite/copy-lineage.ts';
import { openCatalog, rememberCatalogs } from '../../points/catalog/catalog.ts';
import type { CatalogEntry } from '../../points/catalog/types.ts';
import { type Capture, isPostgres } from '../../points/point.ts';
import { plural } from '../../report/format.ts';
import { type CopiedPoint, refillCatalog } from './refill.ts';

export interface FillRequest {
  readonly source: Repository;
  readonly target: Repository;
  /** For files in transit. Private; the caller removes it. */
  readonly folder: string;
  readonly now: () => Date;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Filled {
  /** Points that it holds now. */
  readonly points: number;
  /** Points of the source whose copies are not all there, by id. */
  readonly leftOut: readonly string[];
}

type Lineages = ReadonlyMap<string, CopiedLineage>;

const lineagesOf = (entries: readonly CatalogEntry[]): string[] => [
  ...new Set(entries.flatMap(({ point }) => point.captures.filter(isPostgres).map(({ lineage }) => lineage))),
];

function requestOf(
  { source, target, folder, signal }: FillRequest,
  lineage: string,
): Omit<CopyLineageRequest, 'onFraction'> {
  return { source, target, lineage, folder: join(folder, lineage), signal };
}

async function copyLineages(site: Site, request: FillRequest, names: readonly string[]): Promise<Lineages> {
  const copied = new Map<string, CopiedLineage>();
  for (const lineage of names) {
    const step = { step: `recreate/${lineage}`, title: `copy PostgreSQL ${lineage}`, signal: request.signal };
    copied.set(
      lineage,
      await reportStep(request.progress, step, (onFraction) =>
        copyLineage(site, { ...requestOf(request, lineage), onFraction }),
      ),
    );
  }
  return copied;
}

/** The points whose sets and snapshots are all in the source. */
async function wholeOf(site: Site, request: FillRequest, entries: readonly CatalogEntry[], lineages: Lineages) {
  const restic = openRestic(site, request.source, 'restorer');
  const present = new Set((await restic.exists()) ? (await restic.snapshots()).map(({ id }) => id) : []);
  const isThere = (capture: Capture): boolean =>
    isPostgres(capture) ? lineages.get(capture.lineage)?.sets.has(capture.set) === true : present.has(capture.snapshot);
  return entries.filter(({ point }) => point.captures.every(isThere));
}

/** The caller holds the locks of both. A run that was killed is completed by the next one. */
export async function fillRepository(site: Site, request: FillRequest): Promise<Filled> {
  const { source, target, folder, progress, signal } = request;
  const catalog = await openCatalog(site, source, 'restorer');
  const entries = (await catalog.points()).filter(({ trust }) => trust === 'ok');
  const lineages = await copyLineages(site, request, lineagesOf(entries));
  const whole = await wholeOf(site, request, entries, lineages);
  const points = whole.map(({ point }) => ({
    point: point.id,
    captures: point.captures.flatMap((capture) => (isPostgres(capture) ? [] : [capture])),
  }));
  const snapshots = points.reduce((sum, { captures }) => sum + captures.length, 0);
  const copied = await reportStep(
    progress,
    { step: 'recreate/files', title: `copy ${plural(snapshots, 'snapshot')}`, signal },
    async () => {
      // Between two S3 repositories the copy makes it, by way of a folder: it must split files as the source does.
      const isByFolder = source.settings.type === 's3' && target.settings.type === 's3';
      if (!isByFolder || snapshots === 0) {
        const like = openRestic(site, source, 'restorer');
        const isLike = !isByFolder && (await like.exists());
        await ensureRepository(openRestic(site, target, 'writer'), isLike ? like : undefined);
      }
      return copySnapshotsOf(site, { source, target, points, folder, signal });
    },
  );
  const made = whole.map(({ point, ...entry }): CopiedPoint => {
    const files = new Map((copied.get(point.id) ?? []).map((capture) => [capture.workload, capture]));
    const captures = point.captures.map((capture): Capture => {
      if (!isPostgres(capture)) return files.get(capture.workload) ?? capture;
      return { ...capture, passphrase: lineages.get(capture.lineage)?.passphrase ?? capture.passphrase };
    });
    return { entry: { ...entry, point }, captures };
  });
  await reportStep(progress, { step: 'recreate/points', title: `write ${plural(made.length, 'point')}`, signal }, () =>
    refillCatalog(site, target, made),
  );
  await rememberCatalogs(site, [target], { role: 'writer', now: request.now() });
  const ids = new Set(whole.map(({ point }) => point.id));
  return { points: made.length, leftOut: entries.map(({ point }) => point.id).filter((id) => !ids.has(id)) };
}
