/**
 * Worst-case RPO by the plan alone: what a disaster costs if it comes just before the next copy is complete.
 * With schedules: interval + wait + longest run + delay of the copy. With log shipping: archive_timeout + delay of the push.
 */
import { cronProblem, runs } from './cron.ts';
import { exactDuration, seconds } from './duration.ts';
import { type Capture, timetable, windowDays } from './timetable.ts';
import type { DataClass, Plan, PlanRepository, TierId, Workload } from './types.ts';

export interface RepositoryRpo {
  readonly repository: string;
  /** Infinity where no schedule ever writes it. */
  readonly seconds: number;
  /** `15 min interval + 5 min longest run + 0 s copy = 20 min` */
  readonly arithmetic: string;
}

export interface WorstCaseRpo {
  readonly workload: string;
  readonly tier: TierId;
  /** The repository with the longest RPO among those that engines write. */
  readonly repository: string;
  readonly seconds: number;
  readonly objectiveSeconds: number;
  /** With the comparison: `… = 20 min ≤ 1 h`. */
  readonly arithmetic: string;
  readonly met: boolean;
  /** Every repository of the workload, exported ones too (decision `offsite-rpo`). */
  readonly repositories: readonly RepositoryRpo[];
}

const RPO_OF: Record<DataClass, keyof Plan['objectives']['rpo']> = {
  database: 'database',
  'application-data': 'applicationData',
  configuration: 'configuration',
};

/** Seconds; undefined for a second form, whose data has its RPO elsewhere. Decisions `tier-rpo-is-for-data`, `stricter-rpo`. */
export function rpoObjective(plan: Plan, workload: Workload): number | undefined {
  if (workload.secondFormOf !== undefined) return undefined;
  const own = seconds(plan.objectives.rpo[RPO_OF[workload.dataClass]]);
  const tier = plan.tiers.find(({ id }) => id === workload.tier);
  return workload.dataClass === 'configuration' || tier === undefined ? own : Math.min(own, seconds(tier.rpo));
}

interface Term {
  readonly seconds: number;
  readonly what: string;
}

const NEVER = Number.POSITIVE_INFINITY;

function total(repository: string, terms: readonly Term[]): RepositoryRpo {
  const sum = terms.reduce((all, term) => all + term.seconds, 0);
  const written = terms.map((term) => `${exactDuration(term.seconds)} ${term.what}`).join(' + ');
  return { repository, seconds: sum, arithmetic: `${written} = ${exactDuration(sum)}` };
}

function never(repository: string, why: string): RepositoryRpo {
  return { repository, seconds: NEVER, arithmetic: why };
}

/** The longest gap: the capture at whose end most would be lost, and the moment that a restore would go back to. */
function worst(captures: readonly Capture[]): { before: Capture; backTo: number } | undefined {
  let found: { before: Capture; backTo: number } | undefined;
  let backTo: number | undefined;
  for (const before of [...captures].sort((a, b) => a.done - b.done || a.asOf - b.asOf)) {
    const lost = before.done - (backTo ?? NEVER);
    if (backTo !== undefined && before.asOf > backTo && (!found || lost > found.before.done - found.backTo)) {
      found = { before, backTo };
    }
    backTo = Math.max(backTo ?? before.asOf, before.asOf);
  }
  return found;
}

function bySchedules(
  workload: Workload,
  repository: PlanRepository,
  captures: readonly Capture[],
  copy: Term,
): RepositoryRpo {
  if (captures.length === 0) return never(repository.id, `no schedule covers ${workload.id}`);
  if (workload.continuous) {
    return total(repository.id, [
      { seconds: seconds(workload.continuous.archiveTimeout), what: 'archive_timeout' },
      { seconds: seconds(workload.continuous.pushDelay), what: 'push delay' },
    ]);
  }
  const gap = worst(captures);
  if (gap === undefined) return never(repository.id, `${workload.id} is captured only once in two years`);
  const { before, backTo } = gap;
  return total(repository.id, [
    { seconds: before.asOf - backTo, what: 'interval' },
    ...(before.wait > 0 ? [{ seconds: before.wait, what: 'wait' }] : []),
    { seconds: before.longestRun, what: 'longest run' },
    copy,
  ]);
}

function longestInterval(cron: string): number {
  const times = runs(cron, windowDays([cron])).map((ms) => ms / 1000);
  const gaps = times.slice(1).map((time, n) => time - (times[n] as number));
  return gaps.length === 0 ? NEVER : Math.max(...gaps);
}

/** An export holds what its source had when the export began. */
function byExport(repository: PlanRepository, source: RepositoryRpo | undefined): RepositoryRpo {
  const { written } = repository;
  if (written.by !== 'export') throw new RangeError(`${repository.id} is not written by an export`);
  if (cronProblem(written.cron) !== undefined) return never(repository.id, `"${written.cron}" never runs`);
  if (source === undefined) return never(repository.id, 'no other repository to export from');
  if (source.seconds === NEVER) return never(repository.id, source.arithmetic);
  return total(repository.id, [
    { seconds: longestInterval(written.cron), what: 'interval' },
    { seconds: seconds(written.longestRun), what: 'longest run' },
    { seconds: source.seconds, what: `worst case of ${source.repository}` },
  ]);
}

function longest(rows: readonly RepositoryRpo[]): RepositoryRpo | undefined {
  return [...rows].sort((a, b) => (a.seconds === b.seconds ? 0 : b.seconds - a.seconds))[0];
}

export interface Exposure {
  readonly workload: Workload;
  /** The longest RPO among the repositories that engines write; among all where engines write none. */
  readonly worst: RepositoryRpo;
  readonly repositories: readonly RepositoryRpo[];
}

/** For each workload and each of its repositories: the most that can be lost. Unknown names are skipped. */
export function exposures(plan: Plan): Exposure[] {
  const table = timetable(plan);
  return plan.workloads.map((workload) => {
    const captures = table.filter(({ workloads }) => workloads.has(workload.id));
    const places = plan.repositories.filter(({ id }) => workload.repositories.includes(id));
    const direct = places.flatMap((place) => {
      if (place.written.by !== 'engines') return [];
      const copy = { seconds: seconds(place.written.copyDelay), what: 'copy' };
      return [bySchedules(workload, place, captures, copy)];
    });
    const exported = places
      .filter(({ written }) => written.by === 'export')
      .map((place) => byExport(place, longest(direct)));
    const repositories = [...direct, ...exported];
    return {
      workload,
      repositories,
      worst: longest(direct) ?? longest(exported) ?? never('-', 'no repository holds it'),
    };
  });
}

/** One row for each workload with an RPO of its own; a second form has none. */
export function worstCaseRpo(plan: Plan): WorstCaseRpo[] {
  return exposures(plan).flatMap(({ workload, worst: row, repositories }) => {
    const objectiveSeconds = rpoObjective(plan, workload);
    if (objectiveSeconds === undefined) return [];
    const met = row.seconds <= objectiveSeconds;
    const arithmetic =
      row.seconds === NEVER
        ? `${row.arithmetic}; wanted ≤ ${exactDuration(objectiveSeconds)}`
        : `${row.arithmetic} ${met ? '≤' : '>'} ${exactDuration(objectiveSeconds)}`;
    const { repository, seconds: worstSeconds } = row;
    const { id, tier } = workload;
    return [{ workload: id, tier, repository, seconds: worstSeconds, objectiveSeconds, arithmetic, met, repositories }];
  });
}

/**
 * Archive silence: seconds without new WAL after which the site that writes the archive counts as stopped. A running site ships a segment
 * in each `archiveTimeout`, because its monitor touches a row every minute. Undefined where the plan ships no WAL.
 */
export function archiveSilenceSeconds(plan: Pick<Plan, 'workloads'>): number | undefined {
  const timeout = plan.workloads.find(({ type }) => type === 'postgres')?.continuous?.archiveTimeout;
  return timeout === undefined ? undefined : 2 * seconds(timeout);
}
