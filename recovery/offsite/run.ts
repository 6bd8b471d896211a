/** `dr offsite export`: chooses the point and the source, takes the locks, makes the copy. */
import { runs } from '../../plan/cron.ts';
import { driveUnmounted, folderIsThere, isDriveUnmounted } from '../config/repositories.ts';
import { isConfigured } from '../config/selection.ts';
import type { Repository, Site } from '../config/site.ts';
import { badInput, precondition } from '../core/errors.ts';
import { holderName } from '../core/holder.ts';
import type { Progress } from '../core/progress.ts';
import { requireEngine } from '../engines/find.ts';
import { type Leases, leaseCaptures, whileRenewed } from '../engines/leased.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { holdersOf, surveyCatalogs } from '../points/catalog/survey.ts';
import { isCompromised } from '../points/marks.ts';
import { withAllMarks } from '../points/marks-elsewhere.ts';
import { pruneLock } from '../storage/alone.ts';
import { withLock } from '../storage/with-lock.ts';
import { type Chosen, choosePoint } from './choose.ts';
import { type CopyMade, makeCopy, workFolder } from './export.ts';

export interface ExportRequest {
  readonly target: Repository;
  /** Repository to read. @default the first of the environment that has the point */
  readonly from?: string | undefined;
  /** A point's id. @default the newest whole one */
  readonly point?: string | undefined;
  readonly now: () => Date;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface ExportPlan {
  readonly source: Repository;
  readonly chosen: Chosen;
  /** A complete copy exists already. */
  readonly there: boolean;
}

export type ExportOutcome = ExportPlan & { readonly made?: CopyMade };

/** Milliseconds between two exports by the plan. */
function intervalOf(site: Site, target: Repository): number {
  const written = site.plan.repositories.find(({ id }) => id === target.id)?.written;
  if (written?.by !== 'export') return 0;
  const [first = 0, second = 0] = runs(written.cron, 400);
  return second - first;
}

/** Only repositories that the engines write: the age of a copy of a copy would stay unnoticed. */
async function sources(site: Site, request: ExportRequest) {
  if (request.from !== undefined && site.repository(request.from).exported === true) {
    throw badInput({
      code: 'USAGE',
      where: '--from',
      fact: `"${request.from}" holds off-site copies itself`,
      hint: 'name one that the engines write to, or run it without --from',
    });
  }
  const survey = await surveyCatalogs(site, request.from);
  const written = survey.reached.filter(({ repository }) => repository.exported !== true);
  const reached = await Promise.all(written.map((each) => withAllMarks(site, each.repository, each)));
  const [away] = survey.unreachable.filter(({ repository }) => repository.exported !== true);
  if (reached.length === 0 && away) throw away.error;
  return { ...survey, reached };
}

/** Throws `POINT-UNKNOWN` (exit 2), `POINT-UNFIT` or `OFFSITE-NO-POINT` (exit 6). */
async function choose(site: Site, request: ExportRequest): Promise<Chosen> {
  const survey = await sources(site, request);
  const { point: id } = request;
  if (id === undefined) {
    const configured = site.plan.workloads.filter((w) => isConfigured(site.environment, w)).map((w) => w.id);
    const held = survey.reached.map(({ repository, points }) => ({ repository: repository.id, entries: points }));
    const chosen = choosePoint(held, configured, intervalOf(site, request.target));
    if (chosen) return chosen;
    throw precondition({
      code: 'OFFSITE-NO-POINT',
      where: held.map(({ repository }) => repository).join(', '),
      fact: 'it holds no complete trusted recovery point',
      hint: 'make one with `dr backup --kind full`; `dr points` lists the points',
    });
  }
  const holders = holdersOf(survey, id).flatMap(({ repository, points }) => {
    const entry = points.find(({ point }) => point.id === id);
    return entry ? [{ repository: repository.id, entry }] : [];
  });
  const fit = holders.find(({ entry }) => entry.trust === 'ok' && !isCompromised(entry));
  if (fit) return fit;
  throw precondition({
    code: 'POINT-UNFIT',
    where: id,
    fact: holders
      .map(({ repository, entry }) => `${repository}: ${isCompromised(entry) ? 'marked compromised' : entry.trust}`)
      .join(', '),
    hint: 'export another point: a copy that is kept for a year must be a trusted one',
  });
}

/** Reads only. Throws `DRIVE-AWAY` and `REPOSITORY-UNREACHABLE` first. */
export async function planExport(site: Site, request: ExportRequest): Promise<ExportPlan> {
  await folderIsThere(site, request.target);
  if (isDriveUnmounted(site, request.target)) throw driveUnmounted(site, request.target);
  const chosen = await choose(site, request);
  const catalog = await openCatalog(site, request.target, 'writer');
  const there = (await catalog.get(chosen.entry.point.id)) !== undefined;
  return { source: site.repository(chosen.repository), chosen, there };
}

/** Throws `POINT-GONE` and `LOCKED` (exit 6). A read-only source is read without a lease: its retention is much longer than an export. */
function leased(site: Site, { source, chosen }: ExportPlan, request: ExportRequest): Promise<Leases> {
  const { target, progress, signal } = request;
  const { id: point, captures } = chosen.entry.point;
  return leaseCaptures(site, {
    repository: source,
    read: captures.map((capture) => ({ point, capture })),
    holder: `offsite ${holderName()}`,
    folder: workFolder(site, target),
    step: 'offsite/lease',
    progress,
    signal,
  });
}

/** Throws `LOCKED` (exit 6) while another export, prune or verification works in the target. */
export async function runExport(site: Site, request: ExportRequest): Promise<ExportOutcome> {
  const { target } = request;
  await Promise.all((['pgbackrest', 'restic'] as const).map((name) => requireEngine(name, site.run)));
  const store = await target.store('writer');
  const early = await planExport(site, request);
  if (early.there) return early;
  const options = { what: `dr offsite export (${early.chosen.entry.point.id})` };
  return withLock(store, pruneLock(target.layout), options, async (_, lost) => {
    // Somebody else may have exported it while this one waited for the lock.
    const plan = await planExport(site, { ...request, point: early.chosen.entry.point.id, from: early.source.id });
    if (plan.there) return plan;
    const signal = AbortSignal.any([request.signal, lost]);
    const leases = await leased(site, plan, { ...request, signal });
    try {
      const { now, progress } = request;
      const { source, chosen } = plan;
      const copy = { source, target, entry: chosen.entry, now, progress, signal };
      const made = await whileRenewed(site, leases, () => makeCopy(site, copy));
      return { ...plan, made };
    } finally {
      await leases.release();
    }
  });
}
