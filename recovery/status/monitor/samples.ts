/** The metrics: names, meanings, and values at a moment. Pure. */
import { selectWorkloads } from '../../../plan/select.ts';
import type { Plan } from '../../../plan/types.ts';
import type { Environment } from '../../config/environment.ts';
import { isConfigured } from '../../config/selection.ts';
import { overdueOf } from '../../incident/overdue.ts';
import { CLOCK_TOLERANCE_SECONDS } from '../../points/catalog/doubts.ts';
import { judgeObjectives, type RpoNow } from '../objectives.ts';
import type { LastDue } from './expected-runs.ts';
import type { Observation, RepositoryObservation, WatchedKind } from './observation.ts';
import { walVolume } from './wal-volume.ts';

export const METRICS = {
  go_coffee_dr_last_point_age_seconds:
    'Age of the newest copy of a workload in a repository; +Inf when the repository holds none',
  go_coffee_dr_wal_lag_seconds: 'Age of the newest WAL segment that is archived',
  go_coffee_dr_wal_backlog_segments: 'WAL segments on the server that wait to be archived',
  go_coffee_dr_verification_age_seconds:
    'Age of the last verification of a repository that found nothing wrong; +Inf when there was none',
  go_coffee_dr_unread_seconds: 'How long the least recently read data of a repository was not read back',
  go_coffee_dr_trial_restore_age_seconds:
    'Age of the last trial restore of a workload from a repository; +Inf when there was none',
  go_coffee_dr_verification_ok: '0: a point was altered or removed, or the last verification failed',
  go_coffee_dr_repository_reachable: '1: the repository was read at the last refresh',
  go_coffee_dr_storage_used_ratio: 'Used part of a volume, 0 to 1',
  go_coffee_dr_certificate_seconds: 'Until a certificate expires; 0: it has, or its file can’t be read',
  go_coffee_dr_drill_age_seconds: 'Age of the last drill of a scenario that passed; +Inf when there was none',
  go_coffee_dr_rto_seconds: 'Last measured time from the disaster to the verified tier',
  go_coffee_dr_rpo_seconds: 'What a tier would lose of its data now: the greatest age among its workloads',
  go_coffee_dr_objective_met: '0: an objective of the plan is missed',
  go_coffee_dr_fenced: '1: another site leads; a repository holds a fence for this one',
  go_coffee_dr_standby_lag_seconds: 'How far the standby, or the slowest follower, is behind',
  go_coffee_dr_unused_slot_bytes:
    'WAL that a replication slot keeps on the server while no follower is connected to it',
  go_coffee_dr_backup_last_run_failed: '1: the last run of a schedule failed, or left no point in time',
  go_coffee_dr_workload_backup_failed:
    '1: the newest run that tried this workload has no copy of it in this repository',
  go_coffee_dr_answers: '1: the server, or the API of the cluster, answered the exporter at the last refresh',
  go_coffee_dr_watched_seconds:
    'How long a workload, repository or scenario has been watched: it excuses what has never happened',
  go_coffee_dr_incident_open: 'Incidents that nobody has resolved; exercises don’t count',
  go_coffee_dr_incident_update_overdue_seconds:
    'Since when people wait for an update of an open incident; 0: they don’t',
  go_coffee_dr_post_mortem_overdue_seconds: 'Since when a post-mortem should be written; 0: none is overdue',
  go_coffee_dr_follow_ups_overdue: 'Follow-ups of incidents that should be done by now',
  go_coffee_dr_refreshed_timestamp_seconds: 'When the exporter last refreshed these values (Unix time)',
  go_coffee_dr_readiness: 'Whether this site could recover today: 2 ready, 1 at risk, 0 not ready',
  go_coffee_dr_readiness_checks: 'How many checks of the readiness are in this state',
  go_coffee_dr_readiness_judged_timestamp_seconds: 'When the readiness was last judged (Unix time)',
  go_coffee_dr_due_seconds: 'Until a test or a review of the plan is due; negative: it is overdue',
  go_coffee_dr_plan_info: '1; the plan that all of this is measured against',
} as const;
export type MetricName = keyof typeof METRICS;

export interface Sample {
  readonly metric: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface SampleQuestion {
  readonly plan: Plan;
  readonly planDigest: string;
  readonly environment: Environment;
  readonly lastDue: LastDue;
  readonly observation: Observation;
  readonly now: Date;
}

const NEVER = Number.POSITIVE_INFINITY;

export function samplesOf(question: SampleQuestion): Sample[] {
  const { plan, planDigest, environment, observation, now } = question;
  const age = (moment: Date | undefined): number => {
    const seconds = moment === undefined ? NEVER : (now.getTime() - moment.getTime()) / 1000;
    // A clock that is a little ahead must not give an age below zero; a date of next year is none.
    return seconds < -CLOCK_TOLERANCE_SECONDS ? NEVER : Math.max(0, seconds);
  };
  const { wal } = observation;
  return [
    ...observation.repositories.flatMap((repository) => ofRepository(question, repository, age)),
    ...(wal?.lastArchived === undefined ? [] : [sample('go_coffee_dr_wal_lag_seconds', {}, age(wal.lastArchived))]),
    ...(wal?.waiting === undefined ? [] : [sample('go_coffee_dr_wal_backlog_segments', {}, wal.waiting)]),
    ...(wal?.standbyLag === undefined
      ? []
      : [sample('go_coffee_dr_standby_lag_seconds', {}, standbyLag(wal.standbyLag, age))]),
    ...(wal?.slots ?? []).map(({ slot, active, keptBytes }) =>
      sample('go_coffee_dr_unused_slot_bytes', { slot }, active ? 0 : keptBytes),
    ),
    ...(environment.postgres === undefined
      ? []
      : [sample('go_coffee_dr_fenced', {}, observation.fence === undefined ? 0 : 1)]),
    ...[...observation.volumes, ...walVolume(environment, wal)].map(({ volume, usedRatio }) =>
      sample('go_coffee_dr_storage_used_ratio', { volume }, usedRatio),
    ),
    ...(observation.certificates ?? []).map(({ name: certificate, expires }) =>
      sample('go_coffee_dr_certificate_seconds', { certificate }, left(expires, now)),
    ),
    ...drilledScenarios(plan).map((scenario) =>
      sample('go_coffee_dr_drill_age_seconds', { scenario }, age(lastDrill(observation, scenario))),
    ),
    ...ofWatched(question),
    ...Object.entries(observation.answers ?? {}).map(([of, well]) =>
      sample('go_coffee_dr_answers', { of }, well ? 1 : 0),
    ),
    ...ofObjectives(question),
    ...ofSchedules(question),
    ...ofReadiness(question),
    ...ofIncidents(question),
    sample('go_coffee_dr_refreshed_timestamp_seconds', {}, observation.at.getTime() / 1000),
    sample('go_coffee_dr_plan_info', { version: plan.version, digest: planDigest }, 1),
  ];
}

const VERDICTS = { ready: 2, 'at risk': 1, 'not ready': 0 } as const;

/** Absent until it was judged once: the age of the verdict is an alert of its own. */
function ofReadiness({ observation: { readiness }, now }: SampleQuestion): Sample[] {
  if (readiness === undefined) return [];
  return [
    sample('go_coffee_dr_readiness', {}, VERDICTS[readiness.verdict]),
    ...Object.entries(readiness.counts).map(([state, count]) =>
      sample('go_coffee_dr_readiness_checks', { state }, count),
    ),
    sample('go_coffee_dr_readiness_judged_timestamp_seconds', {}, readiness.at.getTime() / 1000),
    ...readiness.due.map(({ kind, id, at }) =>
      sample('go_coffee_dr_due_seconds', { kind, id }, (at.getTime() - now.getTime()) / 1000),
    ),
  ];
}

function sample(metric: MetricName, labels: Readonly<Record<string, string>>, value: number): Sample {
  return { metric, labels, value };
}

/** Seconds. */
const left = (expires: Date | undefined, now: Date): number =>
  Math.max(0, ((expires?.getTime() ?? 0) - now.getTime()) / 1000);

/** A lag grows while the server does not answer. A lag of 0 means up to date, and stays 0. */
function standbyLag(lag: { readonly seconds: number; readonly at: Date }, age: (moment: Date) => number): number {
  return lag.seconds === 0 ? 0 : lag.seconds + age(lag.at);
}

function ofRepository(
  { plan, environment }: SampleQuestion,
  repository: RepositoryObservation,
  age: (moment: Date | undefined) => number,
): Sample[] {
  const labels = { repository: repository.id };
  // A drive in a safe need not answer, and nobody can verify it there.
  const away = repository.away === true;
  const reachable = away ? [] : [sample('go_coffee_dr_repository_reachable', labels, repository.reachable ? 1 : 0)];
  // Not reached since the start: nothing is known, so no age is reported.
  if (!repository.known) return reachable;
  const workloads = plan.workloads.filter(
    (each) => isConfigured(environment, each) && each.repositories.includes(repository.id),
  );
  return [
    ...reachable,
    ...workloads.flatMap(({ id: workload }) => [
      sample('go_coffee_dr_last_point_age_seconds', { workload, ...labels }, age(repository.newest.get(workload))),
      sample('go_coffee_dr_workload_backup_failed', { workload, ...labels }, repository.failed.has(workload) ? 1 : 0),
    ]),
    ...(away
      ? []
      : [
          sample('go_coffee_dr_verification_age_seconds', labels, age(repository.verifiedAt)),
          sample('go_coffee_dr_verification_ok', labels, repository.sound ? 1 : 0),
          ...workloads.map(({ id: workload }) =>
            sample(
              'go_coffee_dr_trial_restore_age_seconds',
              { workload, ...labels },
              age(repository.trials?.get(workload)),
            ),
          ),
          ...(repository.unreadSince === undefined
            ? []
            : [sample('go_coffee_dr_unread_seconds', labels, age(repository.unreadSince))]),
        ]),
  ];
}

/** Scenarios that the plan's calendar of tests drills. */
function drilledScenarios(plan: Plan): string[] {
  return plan.scenarios
    .map(({ id }) => id)
    .filter((id) =>
      plan.tests.some(({ run, scenario }) => run?.startsWith('dr drill') && (scenario === id || / all$/.test(run))),
    );
}

function lastDrill({ measurements }: Observation, scenario: string): Date | undefined {
  const last = measurements.findLast(
    ({ source, what, passed }) => source === 'drill' && what === `drill ${scenario}` && passed !== false,
  );
  return last && new Date(last.at);
}

/** The rules read these: what has never happened is overdue only after it has had its time. */
function ofWatched({ plan, environment, observation, now }: SampleQuestion): Sample[] {
  const since = observation.watchedSince;
  if (since === undefined) return [];
  const watched = (kind: WatchedKind, id: string): Sample[] => {
    const from = since.get(`${kind}/${id}`);
    if (from === undefined) return [];
    return [
      sample('go_coffee_dr_watched_seconds', { [kind]: id }, Math.max(0, (now.getTime() - from.getTime()) / 1000)),
    ];
  };
  return [
    ...plan.workloads.filter((each) => isConfigured(environment, each)).flatMap(({ id }) => watched('workload', id)),
    ...observation.repositories.flatMap(({ id }) => watched('repository', id)),
    ...drilledScenarios(plan).flatMap((id) => watched('scenario', id)),
  ];
}

/** True while a workload without any copy is younger than its RPO: then its first copy is not late. */
function isNew({ observation, now }: SampleQuestion, { workload, ageSeconds, objectiveSeconds }: RpoNow): boolean {
  const since = observation.watchedSince?.get(`workload/${workload}`);
  return ageSeconds === undefined && since !== undefined && now.getTime() - since.getTime() <= objectiveSeconds * 1000;
}

function ofObjectives(question: SampleQuestion): Sample[] {
  const { plan, environment, observation, now } = question;
  const configured = plan.workloads.filter((workload) => isConfigured(environment, workload));
  const { rpo, rto } = judgeObjectives(
    { plan, workloads: configured, copies: observation.copies, measurements: observation.measurements },
    now,
  );
  return plan.tiers.flatMap(({ id: tier }) => {
    const rows = rpo.filter((row) => row.tier === tier);
    const judged = rows.filter((row) => !isNew(question, row));
    // A tier's RPO is for its services' data; configuration has its own, and is judged by that.
    const isData = (id: string): boolean =>
      plan.workloads.find((each) => each.id === id)?.dataClass !== 'configuration';
    const data = rows.some(({ workload }) => isData(workload)) ? rows.filter(({ workload }) => isData(workload)) : rows;
    const recovery = rto.find((row) => row.tier === tier);
    return [
      ...(rows.length === 0
        ? []
        : [
            sample(
              'go_coffee_dr_rpo_seconds',
              { tier },
              Math.max(...data.map(({ ageSeconds }) => ageSeconds ?? NEVER)),
            ),
          ]),
      ...(judged.length === 0
        ? []
        : [sample('go_coffee_dr_objective_met', { objective: 'rpo', tier }, judged.every(({ met }) => met) ? 1 : 0)]),
      // What was never measured is neither met nor missed.
      ...(recovery?.measured === undefined
        ? []
        : [
            sample('go_coffee_dr_rto_seconds', { tier }, recovery.measured.seconds),
            sample('go_coffee_dr_objective_met', { objective: 'rto', tier }, recovery.met ? 1 : 0),
          ]),
    ];
  });
}

function ofIncidents({ plan, observation, now }: SampleQuestion): Sample[] {
  if (observation.incidents === undefined) return [];
  const { open, updateSeconds, postMortemSeconds, followUps } = overdueOf(observation.incidents, plan, now);
  return [
    sample('go_coffee_dr_incident_open', {}, open),
    sample('go_coffee_dr_incident_update_overdue_seconds', {}, updateSeconds),
    sample('go_coffee_dr_post_mortem_overdue_seconds', {}, postMortemSeconds),
    sample('go_coffee_dr_follow_ups_overdue', {}, followUps),
  ];
}

function ofSchedules(question: SampleQuestion): Sample[] {
  const { plan, observation } = question;
  // Until a repository was read once, nothing is known. Afterwards the last observation counts, and points that become due are missed.
  if (!observation.repositories.some(({ known }) => known)) return [];
  return plan.schedules.flatMap(({ id }) => {
    const missed = isMissed(question, id);
    if (missed === undefined) return [];
    const failed = missed || observation.failedRuns.has(id);
    return [sample('go_coffee_dr_backup_last_run_failed', { schedule: id }, failed ? 1 : 0)];
  });
}

/** Undefined for a schedule without a workload of this environment. */
function isMissed({ plan, environment, lastDue, observation, now }: SampleQuestion, id: string): boolean | undefined {
  const schedule = plan.schedules.find((each) => each.id === id);
  const workloads = selectWorkloads(plan, schedule?.workloads ?? []).filter((each) => isConfigured(environment, each));
  if (schedule === undefined || workloads.length === 0) return undefined;
  const due = lastDue(id, now);
  if (due === undefined) return false;
  // Nobody could run it before this site was there.
  const since = observation.watchedSince?.get(`schedule/${id}`);
  if (since !== undefined && due < since) return false;
  const reaches = (moment: Date | undefined): boolean => moment !== undefined && moment >= due;
  const { repositories } = observation;
  if (schedule.kind === 'full') return !repositories.some(({ newestFull }) => reaches(newestFull));
  return !workloads.every((workload) => repositories.some(({ newest }) => reaches(newest.get(workload.id))));
}
