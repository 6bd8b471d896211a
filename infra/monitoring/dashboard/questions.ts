/** The questions of a recovery, in the order in which people ask them, with the plan's limits. */
import { seconds } from '../../../plan/duration.ts';
import { fullInterval, testCalendar } from '../../../plan/limits.ts';
import { rpoObjective } from '../../../plan/objectives.ts';
import type { Plan } from '../../../plan/types.ts';
import { SLOT_BYTES } from '../rules/wal.ts';
import { UNTIL_A_CERTIFICATE_EXPIRES } from './certificates.ts';
import type { Question } from './panels.ts';
import { above, between, NO, YES } from './steps.ts';

export function couldWeRecover(plan: Plan): Question[] {
  const rpo = plan.tiers.map(
    ({ id, rpo: objective }): Question => ({
      title: `${id}: would lose now`,
      description: `The greatest age of its data's newest copies. RPO ${objective}.`,
      type: 'stat',
      unit: 's',
      steps: above(seconds(objective)),
      show: [[`go_coffee_dr_rpo_seconds{tier="${id}"}`, id]],
    }),
  );
  const rto = plan.tiers.map(
    ({ id, rto: objective }): Question => ({
      title: `${id}: last recovery took`,
      description: `Measured by the last restore or drill. RTO ${objective}.`,
      type: 'stat',
      unit: 's',
      steps: above(seconds(objective)),
      show: [[`go_coffee_dr_rto_seconds{tier="${id}"}`, id]],
    }),
  );
  return [...rpo, ...rto];
}

export function areWeReady(plan: Plan): Question[] {
  const people = plan.maintenance.reviews.map(({ cadence }) => cadence).join(', ');
  return [
    {
      title: 'Ready to recover',
      description: '2 ready, 1 at risk, 0 not ready. `dr readiness` has each check.',
      type: 'stat',
      unit: 'short',
      steps: [
        { color: 'red', value: null },
        { color: 'yellow', value: 1 },
        { color: 'green', value: 2 },
      ],
      show: [['go_coffee_dr_readiness', 'verdict']],
    },
    {
      title: 'Checks that are not ready',
      description: 'At risk, not ready, or unknown: nobody could look.',
      type: 'stat',
      unit: 'short',
      steps: above(1),
      show: [['go_coffee_dr_readiness_checks{state!~"ready|not here"}', '{{state}}']],
    },
    {
      title: 'Judged',
      description: 'When the readiness was last judged.',
      type: 'stat',
      unit: 'dateTimeFromNow',
      steps: [{ color: 'green', value: null }],
      show: [['1000 * go_coffee_dr_readiness_judged_timestamp_seconds', 'judged']],
    },
    {
      title: 'Until a test or a review is due',
      description: `Below zero it is overdue. Tests: ${plan.tests.length}; reviews: ${people}.`,
      type: 'bargauge',
      unit: 's',
      steps: [
        { color: 'red', value: null },
        { color: 'yellow', value: 0 },
        { color: 'green', value: 604_800 },
      ],
      show: [['go_coffee_dr_due_seconds', '{{kind}} {{id}}']],
    },
  ];
}

export function areCopiesFresh(plan: Plan): Question[] {
  const shortest = Math.min(...plan.workloads.flatMap((workload) => rpoObjective(plan, workload) ?? []));
  return [
    {
      title: 'Age of the newest copy, best repository',
      description: 'By workload. The line is the shortest RPO of the plan; each workload has its own alert.',
      type: 'timeseries',
      unit: 's',
      steps: above(shortest),
      show: [['min by (workload) (go_coffee_dr_last_point_age_seconds)', '{{workload}}']],
    },
    {
      title: 'Age of the newest copy, by repository',
      description: 'The oldest of its workloads. A repository that is behind or away grows without end.',
      type: 'timeseries',
      unit: 's',
      steps: above(Math.max(...Object.values(plan.objectives.rpo).map(seconds))),
      show: [['max by (repository) (go_coffee_dr_last_point_age_seconds)', '{{repository}}']],
    },
    {
      title: 'Failed runs',
      description: 'The last run of a schedule failed, or left no point in time.',
      type: 'stat',
      unit: 'bool_yes_no',
      steps: NO,
      show: [['go_coffee_dr_backup_last_run_failed', '{{schedule}}']],
    },
    {
      title: 'Workloads without a new copy',
      description: 'The newest run that tried them failed; its point says why.',
      type: 'stat',
      unit: 'bool_yes_no',
      steps: NO,
      show: [['max by (workload) (go_coffee_dr_workload_backup_failed)', '{{workload}}']],
    },
    {
      title: 'Objective met',
      description: 'RPO by the age of copies, RTO by the last measured recovery.',
      type: 'stat',
      unit: 'bool_yes_no',
      steps: YES,
      show: [['go_coffee_dr_objective_met', '{{tier}} {{objective}}']],
    },
  ];
}

export function arePeopleTold(): Question[] {
  const stat = { type: 'stat', steps: NO } as const;
  return [
    {
      ...stat,
      title: 'Open incidents, overdue follow-ups',
      description: 'dr incident status; dr incident follow-ups.',
      unit: 'short',
      show: [
        ['go_coffee_dr_incident_open', 'open'],
        ['go_coffee_dr_follow_ups_overdue', 'follow-ups'],
      ],
    },
    {
      ...stat,
      title: 'Overdue update, overdue post-mortem',
      description: 'What the plan’s messages promise.',
      unit: 's',
      show: [
        ['go_coffee_dr_incident_update_overdue_seconds', 'update'],
        ['go_coffee_dr_post_mortem_overdue_seconds', 'post-mortem'],
      ],
    },
  ];
}

export function isWalShipped(plan: Plan): Question[] {
  const shipped = plan.workloads.find(({ continuous }) => continuous !== undefined);
  if (shipped?.continuous === undefined) return [];
  const { archiveTimeout, pushDelay } = shipped.continuous;
  const late = seconds(archiveTimeout) + seconds(pushDelay);
  const steps = between(late, rpoObjective(plan, shipped) ?? late);
  return [
    {
      title: 'Age of the archived WAL, lag of the standby',
      description: 'What a loss of the server, or a failover, would cost now.',
      type: 'timeseries',
      unit: 's',
      steps,
      show: [
        ['go_coffee_dr_wal_lag_seconds', 'archived WAL'],
        ['go_coffee_dr_standby_lag_seconds', 'standby'],
      ],
    },
    {
      title: 'WAL segments that wait',
      description: 'They fill the primary’s disk while a repository is away.',
      type: 'timeseries',
      unit: 'short',
      steps: above(Math.ceil(seconds(pushDelay) / seconds(archiveTimeout))),
      show: [['go_coffee_dr_wal_backlog_segments', 'segments']],
    },
    {
      title: 'WAL that slots keep for nobody',
      description: 'A follower that is gone fills the disk of its leader.',
      type: 'timeseries',
      unit: 'bytes',
      steps: above(SLOT_BYTES),
      show: [['go_coffee_dr_unused_slot_bytes', '{{slot}}']],
    },
    {
      title: 'Another site leads',
      description: 'A fence in a repository says so: this one was failed over from.',
      type: 'stat',
      unit: 'bool_yes_no',
      steps: NO,
      show: [['go_coffee_dr_fenced', 'fenced']],
    },
  ];
}

export function canCopiesBeTrusted(plan: Plan): Question[] {
  const { warningPercent, criticalPercent } = plan.thresholds.storage;
  const calendar = testCalendar(plan);
  return [
    {
      title: 'Repository answers',
      description: 'At the last refresh.',
      type: 'stat',
      unit: 'bool_yes_no',
      steps: YES,
      show: [['go_coffee_dr_repository_reachable', '{{repository}}']],
    },
    {
      title: 'Exporter gets an answer',
      description: 'From the servers and from the API of the cluster, at the last refresh.',
      type: 'stat',
      unit: 'bool_yes_no',
      steps: YES,
      show: [['go_coffee_dr_answers', '{{of}}']],
    },
    {
      title: 'Watched for',
      description: 'What has never happened is overdue only after it has had its time.',
      type: 'stat',
      unit: 's',
      steps: [{ color: 'green', value: null }],
      show: [['max(go_coffee_dr_watched_seconds)', 'the oldest']],
    },
    {
      title: 'Integrity',
      description: 'Points unaltered, last verification passed.',
      type: 'stat',
      unit: 'bool_yes_no',
      steps: YES,
      show: [['go_coffee_dr_verification_ok', '{{repository}}']],
    },
    {
      title: 'Since the last verification',
      description: 'By repository.',
      type: 'bargauge',
      unit: 's',
      steps: above(2 * fullInterval(plan)),
      show: [['go_coffee_dr_verification_age_seconds', '{{repository}}']],
    },
    {
      title: 'Longest not read back, or not restored',
      description: 'By repository: its least recently read data, and the workload of its oldest trial restore.',
      type: 'bargauge',
      unit: 's',
      steps: above(seconds(plan.safeguards.readAll)),
      show: [
        ['go_coffee_dr_unread_seconds', '{{repository}} read'],
        ['max by (repository) (go_coffee_dr_trial_restore_age_seconds)', '{{repository}} restored'],
      ],
    },
    {
      title: 'Storage used',
      description: `Warning above ${warningPercent}%, critical above ${criticalPercent}%.`,
      type: 'bargauge',
      unit: 'percentunit',
      max: 1,
      steps: between(warningPercent / 100, criticalPercent / 100),
      show: [['go_coffee_dr_storage_used_ratio', '{{volume}}']],
    },
    UNTIL_A_CERTIFICATE_EXPIRES,
    {
      title: 'Since the last drill that passed',
      description: `By scenario: ${calendar.map(({ scenario, cadence }) => `${scenario} ${cadence}`).join(', ')}.`,
      type: 'bargauge',
      unit: 's',
      steps: between(
        Math.min(...calendar.map((each) => each.seconds)),
        Math.max(...calendar.map((each) => each.seconds)),
      ),
      show: [['go_coffee_dr_drill_age_seconds', '{{scenario}}']],
    },
    {
      title: 'Refreshed',
      description: 'When the exporter last looked, and the plan that it compares with.',
      type: 'stat',
      unit: 'dateTimeFromNow',
      steps: [{ color: 'green', value: null }],
      show: [
        [
          '1000 * (go_coffee_dr_refreshed_timestamp_seconds * on () group_left (version) go_coffee_dr_plan_info)',
          'plan {{version}}',
        ],
      ],
    },
  ];
}
