/**
 * What an auditor asks of a quarter: what was recovered, how long it took against the plan, what was verified, which tests were due and done,
 * and every exception. Pure: it says only what the records hold, and an exception for what they do not.
 */
import { formatDuration, seconds } from '../../../plan/duration.ts';
import { dueAfter } from '../../../plan/people/calendar.ts';
import type { Plan } from '../../../plan/types.ts';
import { clocksOf } from '../../incident/clocks.ts';
import type { Incident } from '../../incident/incident.ts';
import type { RecordsRead } from '../../records/store.ts';
import { formatTime, plural } from '../../report/format.ts';
import type { Measurement } from '../../report/measurements.ts';
import type { RunRecord } from '../../report/runs.ts';
import { type Run, reviewRuns, testRuns } from '../calendar.ts';
import type { Quarter } from './quarter.ts';

export interface QuarterFacts {
  readonly plan: Plan;
  readonly environment: string;
  readonly site: string;
  /** Repositories of the site that hold copies. */
  readonly repositories: readonly string[];
  readonly now: Date;
  readonly measurements: readonly Measurement[];
  readonly runs: readonly RunRecord[];
  readonly records: RecordsRead;
  readonly incidents: readonly Incident[];
}

export interface Recovery {
  readonly at: string;
  /** `drill human-error`, `restore to latest from local` */
  readonly what: string;
  readonly source: Measurement['source'];
  readonly by?: string;
  readonly tiers: readonly {
    readonly tier: string;
    readonly rtoSeconds?: number;
    readonly rtoObjectiveSeconds?: number;
    readonly rpoSeconds?: number;
    readonly rpoObjectiveSeconds?: number;
  }[];
  readonly met: boolean;
}

export interface Tally {
  readonly id: string;
  readonly passed: number;
  readonly failed: number;
}

export interface VerifyTally extends Tally {
  /** Those that passed and restored a point. */
  readonly deep: number;
}

export interface DutyRow {
  readonly kind: 'test' | 'review';
  readonly id: string;
  readonly title: string;
  readonly cadence: string;
  /** In the quarter, oldest first. */
  readonly runs: readonly Run[];
  /** How long it was overdue within the quarter. */
  readonly overdueSeconds: number;
}

export interface QuarterReport {
  readonly quarter: string;
  readonly from: string;
  readonly until: string;
  readonly asOf: string;
  /** False while the quarter runs. */
  readonly ended: boolean;
  readonly environment: string;
  readonly site: string;
  readonly recoveries: readonly Recovery[];
  readonly verifications: readonly VerifyTally[];
  readonly backups: readonly Tally[];
  readonly duties: readonly DutyRow[];
  readonly proofs: RecordsRead['records'];
  readonly incidents: readonly Pick<
    Incident,
    'id' | 'scenario' | 'severity' | 'exercise' | 'declaredAt' | 'declaredBy' | 'resolvedAt' | 'postMortem'
  >[];
  /** A sentence each. */
  readonly exceptions: readonly string[];
  /** What could not be read: something may be missing above. */
  readonly unread: readonly string[];
}

function recoveriesOf(plan: Plan, measurements: readonly Measurement[]): Recovery[] {
  const runs = Map.groupBy(measurements, ({ at, what }) => `${at} ${what}`);
  return [...runs.values()].flatMap((rows): Recovery[] => {
    const [first] = rows;
    if (first === undefined) return [];
    const tiers = rows.map(({ tier, rtoSeconds, rpoSeconds }) => {
      const objective = plan.tiers.find(({ id }) => id === tier);
      return {
        tier,
        ...(rtoSeconds === undefined ? {} : { rtoSeconds }),
        ...(rpoSeconds === undefined ? {} : { rpoSeconds }),
        ...(objective === undefined
          ? {}
          : { rtoObjectiveSeconds: seconds(objective.rto), rpoObjectiveSeconds: seconds(objective.rpo) }),
      };
    });
    const met = tiers.every(
      ({ rtoSeconds = 0, rtoObjectiveSeconds = Infinity, rpoSeconds = 0, rpoObjectiveSeconds = Infinity }) =>
        rtoSeconds <= rtoObjectiveSeconds && rpoSeconds <= rpoObjectiveSeconds,
    );
    const { at, what, source, by } = first;
    const passed = rows.every((row) => row.passed !== false);
    return [{ at, what, source, ...(by === undefined ? {} : { by }), tiers, met: met && passed }];
  });
}

function tally(id: string, runs: readonly { readonly ok: boolean }[]): Tally {
  const passed = runs.filter(({ ok }) => ok).length;
  return { id, passed, failed: runs.length - passed };
}

function verificationsOf(id: string, runs: readonly RunRecord[]): VerifyTally {
  const own = runs.flatMap((run) => (run.what === 'verify' && run.repository === id ? [run] : []));
  return { ...tally(id, own), deep: own.filter(({ ok, deep }) => ok && deep === true).length };
}

/** The parts of `[from, until)` in which the last run that passed was older than its cadence. */
function overdueSeconds(
  runs: readonly Run[],
  cadence: Parameters<typeof dueAfter>[1],
  from: number,
  until: number,
): number {
  const passed = runs.filter(({ result }) => result === 'passed').map(({ at }) => Date.parse(at));
  const ends = passed.map((at) => dueAfter(new Date(at), cadence).getTime());
  // Before the first one nothing had ever passed.
  const gaps = [Number.NEGATIVE_INFINITY, ...ends].map((start, n) => [start, passed[n] ?? until] as const);
  const sum = gaps.reduce((all, [start, end]) => all + Math.max(0, Math.min(end, until) - Math.max(start, from)), 0);
  return Math.round(sum / 1000);
}

function dutiesOf(facts: QuarterFacts, isIn: (at: string) => boolean, from: number, until: number): DutyRow[] {
  const own = { ...facts, records: facts.records.records };
  const row = (
    kind: DutyRow['kind'],
    { id, title, cadence }: { id: string; title: string; cadence: Parameters<typeof dueAfter>[1] },
    all: readonly Run[],
  ): DutyRow => {
    const runs = all.filter(({ at }) => Date.parse(at) < until).toSorted((a, b) => a.at.localeCompare(b.at));
    return {
      ...{ kind, id, title, cadence },
      runs: runs.filter(({ at }) => isIn(at)),
      overdueSeconds: overdueSeconds(runs, cadence, from, until),
    };
  };
  return [
    ...facts.plan.tests.map((test) => row('test', test, testRuns(test, own))),
    ...facts.plan.maintenance.reviews.map(({ cadence, what }) =>
      row('review', { id: cadence, title: what, cadence }, reviewRuns(cadence, own)),
    ),
  ];
}

/** Each row of them that is an exception, as a sentence. */
function exceptionsOf(
  report: Omit<QuarterReport, 'exceptions' | 'unread'>,
  { plan, now, incidents, records }: QuarterFacts,
): string[] {
  const real = incidents.filter(({ id, exercise }) => !exercise && report.incidents.some((each) => each.id === id));
  return [
    ...(report.recoveries.length === 0 ? ['nothing was restored in this quarter: no copy is proven by it'] : []),
    ...report.recoveries
      .filter(({ met }) => !met)
      .map(({ at, what }) => `${what} at ${formatTime(at)} missed an objective`),
    ...report.verifications.flatMap(({ id, passed, failed, deep }) => [
      ...(failed === 0 ? [] : [`${plural(failed, 'verification')} of ${id} failed`]),
      ...(passed === 0 ? [`${id} was never verified`] : []),
      ...(deep === 0 ? [`no point of ${id} was restored by a verification`] : []),
    ]),
    ...report.backups
      .filter(({ failed }) => failed > 0)
      .map(({ id, failed }) => `${plural(failed, 'run')} of the schedule ${id} failed`),
    ...report.backups.filter(({ passed }) => passed === 0).map(({ id }) => `the schedule ${id} never succeeded`),
    ...report.duties.flatMap(({ kind, title, cadence, runs, overdueSeconds: late }) => [
      ...(late > 0 ? [`the ${cadence} ${kind} "${title}" was overdue for ${formatDuration(late)}`] : []),
      ...runs
        .filter(({ result }) => result === 'failed')
        .map(({ at }) => `the ${kind} "${title}" failed at ${formatTime(at)}`),
    ]),
    ...real.flatMap((incident) => {
      const { postMortem } = clocksOf(incident, plan, now);
      return [
        ...(incident.resolvedAt === undefined ? [`the incident ${incident.id} is not resolved`] : []),
        ...(postMortem !== undefined && postMortem.overdueSeconds > 0
          ? [`the incident ${incident.id} has no post-mortem`]
          : []),
      ];
    }),
    ...records.refused.map((fact) => `a record counts for nothing: ${fact}`),
  ];
}

export function quarterReport(quarter: Quarter, facts: QuarterFacts): QuarterReport {
  const { plan, environment, site, now } = facts;
  const [from, until] = [quarter.from.getTime(), Math.min(quarter.until.getTime(), now.getTime())];
  const isIn = (at: string): boolean => Date.parse(at) >= from && Date.parse(at) < until;
  const runs = facts.runs.filter(({ at }) => isIn(at));
  const report = {
    quarter: quarter.name,
    from: quarter.from.toISOString(),
    until: quarter.until.toISOString(),
    asOf: now.toISOString(),
    ended: quarter.until <= now,
    ...{ environment, site },
    recoveries: recoveriesOf(
      plan,
      facts.measurements.filter(({ at }) => isIn(at)),
    ),
    verifications: facts.repositories.map((id) => verificationsOf(id, runs)),
    backups: plan.schedules.map(({ id }) =>
      tally(
        id,
        runs.filter((run) => run.what === 'backup' && run.schedule === id),
      ),
    ),
    duties: dutiesOf(facts, isIn, from, until),
    proofs: facts.records.records.filter(({ about, at }) => (about === 'proof' || about === 'exercise') && isIn(at)),
    incidents: facts.incidents
      .filter(({ declaredAt }) => isIn(declaredAt))
      .map(({ id, scenario, severity, exercise, declaredAt, declaredBy, resolvedAt, postMortem }) => ({
        ...{ id, scenario, severity, exercise, declaredAt, declaredBy },
        ...(resolvedAt === undefined ? {} : { resolvedAt }),
        ...(postMortem === undefined ? {} : { postMortem }),
      })),
  };
  const exceptions = exceptionsOf(report, facts);
  return { ...report, exceptions, unread: facts.records.unread.map(({ place, fact }) => `${place}: ${fact}`) };
}
