/** The data of `dr points`: one row for each point with all of its copies, the recoverable moments, and what would be lost now. */
import { isConfigured } from '../../config/selection.ts';
import type { Site } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import type { CatalogEntry, CatalogProblem, Trust } from '../catalog/catalog.ts';
import { doubtsOf } from '../catalog/doubts.ts';
import { goodEntries } from '../catalog/good.ts';
import { type Survey, type Surveyed, walEndsOf } from '../catalog/survey.ts';
import { type RecoverableWindow, recoverableWindow, type WalEnd } from '../catalog/window.ts';
import type { MarkRecord } from '../marks.ts';
import type { PointKind } from '../point.ts';

export interface PointRow {
  readonly id: string;
  readonly kind: PointKind;
  readonly complete: boolean;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly workloads: readonly string[];
  /** Size of the restored data, not of the repository. */
  readonly bytes: number;
  /** What PostgreSQL's set added to the repository. restic does not report it for a snapshot. */
  readonly storedBytes: number;
  readonly marks: readonly (MarkRecord & { readonly repository: string })[];
  /** Workloads whose captures hold much less than the ones before. */
  readonly suspect?: readonly string[];
  /** Why its clock or its origin is in doubt: `latest` skips it. */
  readonly doubt?: string;
  /** The worst of its copies. */
  readonly trust: Trust;
  readonly repositories: readonly { readonly id: string; readonly trust: Trust }[];
}

export interface RepositoryRow {
  readonly id: string;
  readonly status: 'ok' | 'unreachable';
  readonly points: number;
  readonly error?: { readonly code: string; readonly fact: string; readonly hint: string };
  readonly window?: RecoverableWindow;
  /** Configured workloads that the plan copies there and that have no good copy there: the window is that of the others. */
  readonly lacks?: readonly string[];
}

/** What one workload would lose if everything broke now, with the best reachable repository. */
export interface LossRow {
  readonly workload: string;
  readonly from?: string;
  readonly to?: string;
  /** Absent: there is no copy. */
  readonly lostSeconds?: number;
  readonly repository?: string;
}

export interface PointsOverview {
  readonly at: string;
  readonly environment: string;
  /** Newest first. */
  readonly points: readonly PointRow[];
  readonly repositories: readonly RepositoryRow[];
  readonly stores: readonly LossRow[];
  readonly problems: readonly (CatalogProblem & { readonly repository: string })[];
}

const WORST: readonly Trust[] = ['ok', 'unknown-key', 'tampered'];
const worse = (a: Trust, b: Trust): Trust => (WORST.indexOf(a) >= WORST.indexOf(b) ? a : b);

function firstRow(repository: string, { outline, marks, trust }: CatalogEntry): PointRow {
  const { id, kind, complete, startedAt, endedAt, captures } = outline;
  const suspect = captures.filter((capture) => capture.suspect).map(({ workload }) => workload);
  return {
    ...{ id, kind, complete, startedAt, endedAt },
    ...(suspect.length === 0 ? {} : { suspect }),
    workloads: captures.map(({ workload }) => workload),
    bytes: captures.reduce((sum, { bytes }) => sum + bytes, 0),
    storedBytes: captures.reduce((sum, { postgres }) => sum + (postgres?.storedBytes ?? 0), 0),
    marks: marks.map((mark) => ({ ...mark, repository })),
    trust,
    repositories: [{ id: repository, trust }],
  };
}

function merge(rows: Map<string, PointRow>, { repository, points }: Surveyed, now: Date): void {
  const doubts = doubtsOf(points, now);
  for (const entry of points) {
    const row = rows.get(entry.outline.id);
    const doubt = doubts.get(entry.outline.id);
    const own = { ...firstRow(repository.id, entry), ...(doubt && { doubt: doubt.fact }) };
    rows.set(
      entry.outline.id,
      row
        ? {
            // The trusted one of two copies describes a point.
            ...(row.trust === 'ok' ? row : own),
            marks: [...row.marks, ...own.marks],
            trust: worse(row.trust, own.trust),
            repositories: [...row.repositories, ...own.repositories],
          }
        : own,
    );
  }
}

function lossOf(workload: string, windows: readonly { id: string; window: RecoverableWindow }[], now: Date): LossRow {
  const found = windows.flatMap(({ id, window }) => {
    const own = window.workloads.find((w) => w.workload === workload);
    return own ? [{ id, ...own }] : [];
  });
  const [best] = found.toSorted((a, b) => b.to.getTime() - a.to.getTime());
  if (best === undefined) return { workload };
  const from = new Date(Math.min(...found.map((w) => w.from.getTime())));
  return {
    workload,
    from: from.toISOString(),
    to: best.to.toISOString(),
    // A repository's clock may be ahead of ours.
    lostSeconds: Math.max(0, (now.getTime() - best.to.getTime()) / 1000),
    repository: best.id,
  };
}

/** Every workload with a copy, and every configured one without. In the plan's order. */
function workloadsOf(site: Site, windows: readonly { window: RecoverableWindow }[]): string[] {
  const held = new Set(windows.flatMap(({ window }) => window.workloads.map((w) => w.workload)));
  const planned = site.plan.workloads
    .filter((w) => held.has(w.id) || isConfigured(site.environment, w))
    .map((w) => w.id);
  return [...planned, ...[...held].filter((id) => !planned.includes(id)).sort()];
}

/** A second form of the same data, a dump beside the sets, is no part of the platform that can be missing. */
function lackedBy(site: Site, id: string, { workloads }: RecoverableWindow): string[] {
  const held = new Set(workloads.map(({ workload }) => workload));
  return site.plan.workloads
    .filter((w) => w.repositories.includes(id) && w.secondFormOf === undefined && isConfigured(site.environment, w))
    .filter((w) => !held.has(w.id))
    .map((w) => w.id);
}

function reachedRow(
  site: Site,
  { id, points, window }: { id: string; points: number; window: RecoverableWindow },
): RepositoryRow {
  const lacks = lackedBy(site, id, window);
  return { id, status: 'ok', points, window, ...(lacks.length === 0 ? {} : { lacks }) };
}

/** Where the repository became unreachable after its catalog was read, the windows end with the sets. */
function unknownEnds(error: unknown): Map<string, WalEnd> {
  if (error instanceof DrError) return new Map();
  throw error;
}

export async function overviewOf(site: Site, survey: Survey, now: Date): Promise<PointsOverview> {
  const rows = new Map<string, PointRow>();
  for (const surveyed of survey.reached) merge(rows, surveyed, now);
  const windows = await Promise.all(
    survey.reached.map(async (surveyed) => {
      const ends = await walEndsOf(surveyed).catch(unknownEnds);
      // There is no WAL between two off-site copies, so each reaches only its own moment.
      const joined = surveyed.repository.exported === true ? surveyed.points.slice(-1) : surveyed.points;
      const window = recoverableWindow(goodEntries(joined, now), (lineage) => ends.get(lineage));
      return { id: surveyed.repository.id, points: surveyed.points.length, window };
    }),
  );
  const reached = windows.map((each) => reachedRow(site, each));
  const away = survey.unreachable.map(({ repository, error }): RepositoryRow => {
    const { code, fact, hint } = error;
    return { id: repository.id, status: 'unreachable', points: 0, error: { code, fact, hint } };
  });
  return {
    at: now.toISOString(),
    environment: site.environment.name,
    points: [...rows.values()].sort((a, b) => (a.id < b.id ? 1 : -1)),
    repositories: [...reached, ...away],
    stores: workloadsOf(site, windows).map((workload) => lossOf(workload, windows, now)),
    problems: survey.reached.flatMap(({ repository, problems }) =>
      problems.map((problem) => ({ ...problem, repository: repository.id })),
    ),
  };
}
