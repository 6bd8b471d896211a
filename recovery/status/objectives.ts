/** The plan's objectives against reality: how old the newest copies are, and how long the last recoveries took. */
import { formatDuration, seconds } from '../../plan/duration.ts';
import { rpoObjective } from '../../plan/objectives.ts';
import type { Plan, Workload } from '../../plan/types.ts';
import { attachedRepositories } from '../config/repositories.ts';
import { isConfigured } from '../config/selection.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { CLOCK_TOLERANCE_SECONDS } from '../points/catalog/doubts.ts';
import { goodCaptures, goodEntries } from '../points/catalog/good.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { isCompromised } from '../points/marks.ts';
import { reviewWithMarks } from '../points/marks-elsewhere.ts';
import { notCopied } from '../points/not-copied.ts';
import { isOverdue, longestUnread } from '../points/read-overdue.ts';
import { allMeasurements, lastRto, type Measurement } from '../report/measurements.ts';
import { correctedNow } from '../storage/clock.ts';
import { withClient } from '../workloads/postgres/server.ts';
import { uncovered } from './uncovered.ts';

export interface RpoNow {
  readonly workload: string;
  readonly tier: string;
  readonly objectiveSeconds: number;
  /** What would be lost now; undefined without a copy. */
  readonly ageSeconds?: number;
  readonly met: boolean;
  /** The repository with the newest copy, and which copy it is. */
  readonly repository?: string;
  readonly basis: string;
}

export interface RtoNow {
  readonly tier: string;
  readonly name: string;
  readonly objectiveSeconds: number;
  /** The newest measurement. */
  readonly measured?: { readonly seconds: number; readonly at: string; readonly what: string };
  /** True without a measurement too: nothing was missed, and nothing proven. */
  readonly met: boolean;
}

export interface ObjectivesReport {
  readonly at: string;
  readonly environment: string;
  readonly rpo: readonly RpoNow[];
  readonly rto: readonly RtoNow[];
  /** `redis RPO`, `P1 RTO` */
  readonly missed: readonly string[];
  /** Workloads of the plan that this environment does not back up. */
  readonly unconfigured: readonly string[];
  /** Why no alert of this site reaches anybody; undefined where somebody gets them, or where that is meant. */
  readonly unheard?: string;
  /** What lies beside the data and is not in the newest copy of its workload: no objective holds for it. */
  readonly notCopied: readonly { readonly workload: string; readonly what: string }[];
  readonly unreachable: readonly { readonly repository: string; readonly fact: string }[];
  /** What of each repository was not read back for the longest time. */
  readonly reading: readonly ReadNow[];
}

export interface ReadNow {
  readonly repository: string;
  readonly since: string;
  readonly what: string;
  readonly objectiveSeconds: number;
  readonly met: boolean;
}

/** A copy of a workload: until when its data is safe. */
export interface Copy {
  readonly workload: string;
  readonly repository: string;
  readonly safeUntil: Date;
  readonly basis: string;
  readonly notCopied?: readonly string[];
}

export async function achievedObjectives(site: Site, now: Date): Promise<ObjectivesReport> {
  const { copies, unreachable, reading } = await readCopies(site, now);
  const archived = await archivedCopies(site, copies);
  const measurements = await allMeasurements(site.environment.stateDir);
  return {
    ...judgeObjectives(
      {
        plan: site.plan,
        workloads: site.plan.workloads.filter((workload) => isConfigured(site.environment, workload)),
        copies: [...copies, ...archived],
        measurements,
      },
      now,
    ),
    environment: site.environment.name,
    ...uncovered(site),
    notCopied: newestOf(copies).flatMap(({ workload, notCopied: lines = [] }) =>
      lines.map((what) => ({ workload, what })),
    ),
    unreachable,
    reading,
  };
}

/** The newest copy of each workload. Pure. */
function newestOf(copies: readonly Copy[]): Copy[] {
  const newest = new Map<string, Copy>();
  for (const copy of copies) {
    const other = newest.get(copy.workload);
    if (other === undefined || other.safeUntil < copy.safeUntil) newest.set(copy.workload, copy);
  }
  return [...newest.values()];
}

export interface Achieved {
  readonly plan: Plan;
  /** Those that the site has. */
  readonly workloads: readonly Workload[];
  readonly copies: readonly Copy[];
  readonly measurements: readonly Measurement[];
}

/** Pure. */
export function judgeObjectives(
  { plan, workloads, copies, measurements }: Achieved,
  now: Date,
): Pick<ObjectivesReport, 'at' | 'rpo' | 'rto' | 'missed'> {
  const rpo = workloads.flatMap((workload) => judgeRpo(plan, workload, copies, now) ?? []);
  const rto = plan.tiers.map((tier) => judgeRto(tier, measurements));
  return {
    at: now.toISOString(),
    rpo,
    rto,
    missed: [
      ...rpo.filter(({ met }) => !met).map(({ workload }) => `${workload} RPO`),
      ...rto.filter(({ met }) => !met).map(({ tier }) => `${tier} RTO`),
    ],
  };
}

function judgeRpo(plan: Plan, workload: Workload, copies: readonly Copy[], now: Date): RpoNow | undefined {
  const objectiveSeconds = rpoObjective(plan, workload);
  if (objectiveSeconds === undefined) return undefined;
  const head = { workload: workload.id, tier: workload.tier, objectiveSeconds };
  const newest = copies
    .filter((copy) => copy.workload === workload.id)
    // A server whose clock is far ahead says nothing about an age.
    .filter(({ safeUntil }) => safeUntil.getTime() - now.getTime() <= CLOCK_TOLERANCE_SECONDS * 1000)
    .reduce<Copy | undefined>((best, copy) => (best && best.safeUntil >= copy.safeUntil ? best : copy), undefined);
  if (newest === undefined) return { ...head, met: false, basis: 'no copy in any reachable repository' };
  // A clock that is ahead of ours must not give an age below zero.
  const ageSeconds = Math.max(0, (now.getTime() - newest.safeUntil.getTime()) / 1000);
  const { repository, basis } = newest;
  return { ...head, ageSeconds, met: ageSeconds <= objectiveSeconds, repository, basis };
}

function judgeRto(tier: Plan['tiers'][number], measurements: readonly Measurement[]): RtoNow {
  const objectiveSeconds = seconds(tier.rto);
  const head = { tier: tier.id, name: tier.name, objectiveSeconds };
  const last = lastRto(measurements, tier.id);
  if (last?.rtoSeconds === undefined) return { ...head, met: true };
  const measured = { seconds: last.rtoSeconds, at: last.at, what: last.what };
  return { ...head, measured, met: last.rtoSeconds <= objectiveSeconds };
}

interface CopiesRead {
  readonly reading: readonly ReadNow[];
  readonly copies: readonly Copy[];
  readonly unreachable: readonly { readonly repository: string; readonly fact: string }[];
}

async function readCopies(site: Site, now: Date): Promise<CopiesRead> {
  const results = await Promise.all(
    attachedRepositories(site).map(async (repository) => {
      try {
        const { points: entries } = (await reviewWithMarks(site, repository)).review;
        // A date after now would be met for as long as it lies ahead: the repository's clock says what now is.
        const store = await repository.store('restorer');
        const good = new Set(goodEntries(entries, await correctedNow(store, now)));
        const counted = entries.filter((entry) => good.has(entry) || entry.trust === 'unknown-key');
        return {
          copies: counted.flatMap((entry) => copiesOf(entry, repository.id)),
          unreachable: [],
          reading: readNow(site, repository, entries, now),
        };
      } catch (error) {
        if (!(error instanceof DrError)) throw error;
        return { copies: [], unreachable: [{ repository: repository.id, fact: error.fact }], reading: [] };
      }
    }),
  );
  return {
    copies: results.flatMap(({ copies }) => copies),
    unreachable: results.flatMap(({ unreachable }) => unreachable),
    reading: results.flatMap(({ reading }) => reading),
  };
}

function readNow({ plan }: Site, { id, exported }: Repository, entries: readonly CatalogEntry[], now: Date): ReadNow[] {
  const { readAll } = plan.safeguards;
  const unread = exported === true ? undefined : longestUnread(entries, readAll);
  if (unread === undefined) return [];
  const { since, what } = unread;
  const met = !isOverdue(unread, readAll, now);
  return [{ repository: id, since: since.toISOString(), what, objectiveSeconds: seconds(readAll), met }];
}

/** Points that nobody would restore from do not count. */
function copiesOf(entry: CatalogEntry, repository: string): Copy[] {
  if (entry.trust === 'tampered' || isCompromised(entry)) return [];
  const { id } = entry.point;
  return goodCaptures(entry).map((capture) => ({
    workload: capture.workload,
    repository,
    safeUntil: new Date(capture.capturedAt),
    basis: `point ${id}`,
    notCopied: notCopied(capture),
  }));
}

/** Archived WAL makes the newest set newer, as long as the server can report it. */
async function archivedCopies(site: Site, copies: readonly Copy[]): Promise<Copy[]> {
  const settings = site.environment.postgres;
  const workload = site.plan.workloads.find(({ continuous }) => continuous !== undefined);
  const base = copies.findLast((copy) => copy.workload === workload?.id);
  if (settings === undefined || workload === undefined || base === undefined) return [];
  try {
    const archiver = await withClient(site, settings, async (client) => {
      const { rows } = await client.query<{ at: Date | null; wal: string | null }>(
        'SELECT last_archived_time AS at, last_archived_wal AS wal FROM pg_stat_archiver',
      );
      return rows[0];
    });
    if (!archiver?.at) return [];
    // archive_command succeeds only when every repository has the segment.
    const { repository } = base;
    return [{ workload: workload.id, repository, safeUntil: archiver.at, basis: `archived WAL ${archiver.wal}` }];
  } catch (error) {
    site.log.debug({ error: String(error) }, 'the server does not report what it archived');
    return [];
  }
}

export function describeRpo({ ageSeconds, objectiveSeconds }: RpoNow): string {
  return ageSeconds === undefined
    ? `none of ${formatDuration(objectiveSeconds)}`
    : `${formatDuration(ageSeconds)} of ${formatDuration(objectiveSeconds)}`;
}
