/** One repository: whether it answers, how new each workload's copy is, when it was verified, and whether anything was altered. */
import { ownLineage } from '../../config/lineage.ts';
import { driveUnmounted, isDriveUnmounted } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { isThereSync } from '../../core/absent.ts';
import { DrError } from '../../core/errors.ts';
import { goodCaptures, goodEntries } from '../../points/catalog/good.ts';
import { walEndsOf } from '../../points/catalog/survey.ts';
import type { CatalogEntry, CatalogProblem } from '../../points/catalog/types.ts';
import { recoverableWindow } from '../../points/catalog/window.ts';
import { ownFence } from '../../points/fence.ts';
import type { Fence } from '../../points/fence-document.ts';
import { exportedTo, verifiedAt } from '../../points/marks.ts';
import { reviewWithMarks } from '../../points/marks-elsewhere.ts';
import { notCopied } from '../../points/not-copied.ts';
import { trialState } from '../../points/trials.ts';
import type { RunRecord } from '../../report/runs.ts';
import type { ObservedSize, RepositoryObservation } from './observation.ts';

export type RepositoryReading =
  | {
      readonly kind: 'read';
      readonly points: readonly CatalogEntry[];
      readonly problems: readonly CatalogProblem[];
      /** How far the archived WAL reaches; only with `withWal`. */
      readonly walEnd?: Date;
      /** Another site leads. */
      readonly fence?: Fence;
    }
  | { readonly kind: 'unreachable'; readonly fact: string }
  /** A drive that lies in a safe, as it should. */
  | { readonly kind: 'away'; readonly fact: string };

/** `withWal`: also read how far the archived WAL reaches, where the server does not report it. */
export async function readRepository(
  site: Site,
  repository: Repository,
  { withWal }: { readonly withWal: boolean },
): Promise<RepositoryReading> {
  const { settings } = repository;
  if (isDriveUnmounted(site, repository)) return { kind: 'away', fact: driveUnmounted(site, repository).fact };
  // The listing of an unmounted disk is empty, and would look like a repository without points.
  if (settings.type === 'posix' && !isThereSync(settings.path)) {
    return { kind: 'unreachable', fact: `the folder ${settings.path} does not exist` };
  }
  try {
    const { catalog, review } = await reviewWithMarks(site, repository);
    const fence = await fenceIn(site, repository);
    const ends = withWal ? await walEndsOf({ repository, catalog, ...review }) : new Map<string, { time: Date }>();
    const walEnd = latest([...ends.values()].map(({ time }) => time));
    return { kind: 'read', ...review, ...(walEnd && { walEnd }), ...(fence && { fence }) };
  } catch (error) {
    // Without a signing key no repository can be judged.
    if (!(error instanceof DrError) || error.where.startsWith('signingKeys')) throw error;
    return { kind: 'unreachable', fact: error.fact };
  }
}

/** No failover writes to a repository of off-site copies: its drive is usually disconnected. */
async function fenceIn(site: Site, repository: Repository): Promise<Fence | undefined> {
  const lineage = repository.exported === true ? undefined : await ownLineage(site);
  if (lineage === undefined) return undefined;
  return (await ownFence(site, repository, { lineage, role: 'restorer' })).fence;
}

/**
 * Pure. `before`: what the last refresh knew of the repository. A drive that is away is described by `describeAway`.
 */
export function describeRepository(
  id: string,
  reading: Exclude<RepositoryReading, { kind: 'away' }>,
  runs: readonly RunRecord[],
  before: RepositoryObservation | undefined,
): RepositoryObservation {
  if (reading.kind === 'unreachable') {
    const nothing = { id, known: false, newest: new Map(), failed: new Set<string>(), sound: true, problems: [] };
    return { ...(before ?? nothing), reachable: false, fact: reading.fact };
  }
  const good = goodEntries(reading.points, new Date());
  const full = good.findLast(({ point }) => point.pointKind === 'full')?.point;
  const own = runs.filter((run) => run.what === 'verify' && run.repository === id);
  const last = own.at(-1);
  const passed = own.findLast(({ ok }) => ok);
  const verified = latest([...good.map(verifiedAt), ...(passed === undefined ? [] : [new Date(passed.at)])]);
  const problems = [
    ...reading.problems.filter(({ kind }) => kind === 'tampered' || kind === 'removed').map(({ fact }) => fact),
    ...(last?.ok === false ? [`the verification of ${last.at} failed`] : []),
  ];
  return {
    id,
    reachable: true,
    known: true,
    newest: newestOf(good),
    failed: failedOf(good),
    ...(full === undefined ? {} : { newestFull: new Date(full.startedAt) }),
    ...(verified === undefined ? {} : { verifiedAt: verified }),
    sound: problems.length === 0,
    problems,
    trials: trialsOf(reading.points, own),
    windows: recoverableWindow(good, () => undefined).workloads.map(({ workload, from, to }) => ({
      workload,
      from,
      to,
    })),
    sizes: sizesOf(good),
    notCopied: notCopiedOf(good),
  };
}

/** By the marks of any host, and where a repository takes none by this host's log: only a trial restore is in either. */
function trialsOf(points: readonly CatalogEntry[], runs: readonly RunRecord[]): ReadonlyMap<string, Date> {
  const trials = new Map(trialState(points.filter(({ trust }) => trust === 'ok')).well);
  for (const run of runs) {
    if (run.what !== 'verify') continue;
    for (const id of run.restored ?? []) {
      const at = latest([trials.get(id), new Date(run.at)]);
      if (at !== undefined) trials.set(id, at);
    }
  }
  return trials;
}

/** A day is fine enough for a growth, and a year of them few enough to keep. */
function sizesOf(good: readonly CatalogEntry[]): ObservedSize[] {
  const newest = new Map<string, ObservedSize>();
  for (const { outline } of good)
    for (const { workload, bytes, at } of outline.captures)
      newest.set(`${workload} ${new Date(at).toISOString().slice(0, 10)}`, { workload, bytes, at: new Date(at) });
  return [...newest.values()].sort((a, b) => a.at.getTime() - b.at.getTime());
}

function notCopiedOf(good: readonly CatalogEntry[]): { workload: string; what: string }[] {
  const newest = new Map<string, CatalogEntry>();
  for (const entry of good) for (const { workload } of entry.outline.captures) newest.set(workload, entry);
  return [...newest].flatMap(([workload, { point }]) =>
    point.captures
      .filter((capture) => capture.workload === workload)
      .flatMap((capture) => notCopied(capture).map((what) => ({ workload, what }))),
  );
}

/** By the newest point that holds the workload, or says why it does not. */
function failedOf(points: readonly CatalogEntry[]): Set<string> {
  const last = new Map<string, 'copied' | 'failed'>();
  for (const { point } of points.toReversed()) {
    for (const { workload } of point.captures) if (!last.has(workload)) last.set(workload, 'copied');
    for (const { workload } of point.failed ?? []) if (!last.has(workload)) last.set(workload, 'failed');
  }
  return new Set([...last].flatMap(([workload, outcome]) => (outcome === 'failed' ? [workload] : [])));
}

/** Pure: what the marks in the other repositories say of the copies of one that can't be asked. `fact`: why it is away. */
export function describeAway(
  id: string,
  fact: string,
  readings: readonly RepositoryReading[],
  before: RepositoryObservation | undefined,
): RepositoryObservation {
  const exported = readings.flatMap((reading) =>
    reading.kind === 'read'
      ? reading.points.filter((entry) => entry.trust === 'ok' && exportedTo(entry).includes(id))
      : [],
  );
  const newest = newestOf(exported);
  for (const [workload, at] of before?.newest ?? []) {
    const known = newest.get(workload);
    if (known === undefined || known < at) newest.set(workload, at);
  }
  const known = before?.known === true || readings.some(({ kind }) => kind === 'read');
  return { id, reachable: false, away: true, fact, known, newest, failed: new Set(), sound: true, problems: [] };
}

/** When the oldest point of all was made; undefined without any. Pure. */
export function oldestPoint(readings: readonly RepositoryReading[]): Date | undefined {
  const times = readings.flatMap((reading) =>
    reading.kind === 'read'
      ? reading.points.filter(({ trust }) => trust === 'ok').map(({ outline }) => Date.parse(outline.startedAt))
      : [],
  );
  return times.length === 0 ? undefined : new Date(times.reduce((oldest, time) => Math.min(oldest, time)));
}

function newestOf(points: readonly CatalogEntry[]): Map<string, Date> {
  const newest = new Map<string, Date>();
  for (const entry of points) {
    for (const { workload, capturedAt } of goodCaptures(entry)) {
      const at = new Date(capturedAt);
      const known = newest.get(workload);
      if (known === undefined || known < at) newest.set(workload, at);
    }
  }
  return newest;
}

function latest(dates: readonly (Date | undefined)[]): Date | undefined {
  return dates.reduce(
    (best, date) => (date !== undefined && (best === undefined || best < date) ? date : best),
    undefined,
  );
}
