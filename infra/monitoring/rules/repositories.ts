/** Alerts about repositories that are unreachable, behind, full or unverified. */
import { formatDuration, seconds } from '../../../plan/duration.ts';
import { fullInterval } from '../../../plan/limits.ts';
import { exposures } from '../../../plan/objectives.ts';
import { trialWithin } from '../../../plan/people/calendar.ts';
import type { Plan } from '../../../plan/types.ts';
import { type AlertRule, type RuleSettings, SEVERITY, STALE, unlessNew } from './types.ts';

export function repositoryRules(plan: Plan): AlertRule[] {
  const direct = plan.repositories.flatMap(({ id, written }) => (written.by === 'engines' ? [{ id, ...written }] : []));
  const exported = plan.repositories.filter(({ written }) => written.by === 'export').map(({ id }) => id);
  const ids = `repository=~"${direct.map(({ id }) => id).join('|')}"`;
  const age = 'go_coffee_dr_last_point_age_seconds';
  const longest = Math.max(...plan.schedules.map(({ longestRun }) => seconds(longestRun)));
  const copy = Math.max(0, ...direct.map(({ copyDelay }) => seconds(copyDelay)));
  return [
    {
      alert: 'DrRepositoryUnreachable',
      expr: 'go_coffee_dr_repository_reachable == 0',
      for: STALE,
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Repository {{ $labels.repository }} can’t be read',
        description: 'New points have one copy less, and WAL waits on the primary’s disk until it is back.',
        runbook: 'dr doctor; dr health --comprehensive',
      },
    },
    {
      alert: 'DrAllRepositoriesUnreachable',
      expr: 'max(go_coffee_dr_repository_reachable) == 0',
      for: STALE,
      labels: { severity: 'critical' },
      annotations: {
        summary: 'No repository can be read',
        description: 'Nothing could be recovered now.',
        runbook: 'dr doctor; dr assess',
      },
    },
    {
      alert: 'DrRepositoryBehind',
      expr: `max by (repository) (${age}{${ids}} - on (workload) group_left () min by (workload) (${age}{${ids}})) > 60`,
      // The copy to the next repository follows the run. It is late after the longest run plus the longest copy.
      for: `${longest + copy}s`,
      labels: { severity: 'warning' },
      annotations: {
        summary: 'Repository {{ $labels.repository }} lacks copies that another one has',
        description: `Its newest copies are older than elsewhere for more than ${formatDuration(longest + copy)}.`,
        runbook:
          'dr points list --repository {{ $labels.repository }}; dr backup --kind full --repository {{ $labels.repository }}',
      },
    },
    ...exported.map((id) => exportOverdue(plan, id)),
  ];
}

function exportOverdue(plan: Plan, repository: string): AlertRule {
  const rows = exposures(plan).flatMap(({ repositories }) =>
    repositories.filter((row) => row.repository === repository),
  );
  const limit = Math.max(...rows.map((row) => row.seconds).filter(Number.isFinite));
  return {
    alert: 'DrExportOverdue',
    expr: `max(go_coffee_dr_last_point_age_seconds{repository="${repository}"}) > ${limit}${unlessNew(`repository="${repository}"`, limit)}`,
    labels: { severity: 'warning', repository },
    annotations: {
      summary: `Repository ${repository} has no new copy for more than ${formatDuration(limit)}`,
      description: 'It is what is left on the day when all others are gone.',
      runbook: 'dr offsite export',
    },
  };
}

export function storageRules({ thresholds: { storage } }: Plan): AlertRule[] {
  const used = 'go_coffee_dr_storage_used_ratio';
  const [warning, critical] = [storage.warningPercent / 100, storage.criticalPercent / 100];
  const annotations = {
    description: 'A backup that finds no room fails; WAL that finds none stops the database.',
    runbook: 'dr prune --dry-run; dr health --comprehensive',
  };
  return [
    {
      alert: 'DrStorageFillingUp',
      expr: `${used} > ${warning} and ${used} <= ${critical}`,
      labels: { severity: 'warning' },
      annotations: {
        summary: `Volume {{ $labels.volume }} is more than ${storage.warningPercent}% full`,
        ...annotations,
      },
    },
    {
      alert: 'DrStorageFull',
      expr: `${used} > ${critical}`,
      labels: { severity: 'critical' },
      annotations: {
        summary: `Volume {{ $labels.volume }} is more than ${storage.criticalPercent}% full`,
        ...annotations,
      },
    },
  ];
}

export function verificationRules(plan: Plan, { verifyEvery }: RuleSettings): AlertRule[] {
  const { readAll } = plan.safeguards;
  const every = verifyEvery === undefined ? fullInterval(plan) : seconds(verifyEvery);
  const written = plan.repositories.filter((each) => each.written.by === 'engines').map(({ id }) => id);
  const direct = `repository=~"${written.join('|')}"`;
  const within = trialWithin(plan);
  return [
    {
      alert: 'DrIntegrityFailed',
      expr: 'go_coffee_dr_verification_ok == 0',
      labels: { severity: SEVERITY[plan.thresholds.integrityFailure] },
      annotations: {
        summary: 'Repository {{ $labels.repository }} failed its integrity check',
        description: 'A recovery point was altered or removed, or the last verification found damage.',
        runbook:
          'dr verify --repository {{ $labels.repository }}; dr points list --repository {{ $labels.repository }}',
      },
    },
    {
      alert: 'DrVerificationOverdue',
      // One missed verification may be an accident.
      expr: `go_coffee_dr_verification_age_seconds > ${2 * every}${unlessNew('repository!=""', 2 * every, 'repository')}`,
      labels: { severity: 'warning' },
      annotations: {
        summary: `Repository {{ $labels.repository }} was not verified within ${formatDuration(2 * every)}`,
        description: 'A copy that nobody has tried to read is a hope, not a backup.',
        runbook: 'dr verify --deep --repository {{ $labels.repository }}',
      },
    },
    {
      alert: 'DrTrialRestoreOverdue',
      expr: `max by (repository) (go_coffee_dr_trial_restore_age_seconds{${direct}}) > ${within}${unlessNew('repository!=""', within, 'repository')}`,
      labels: { severity: 'warning' },
      annotations: {
        summary: `A workload of repository {{ $labels.repository }} was not restored within ${formatDuration(within)}`,
        description: 'That a copy can be read says nothing about whether it starts: only a restore does.',
        runbook: 'dr verify --deep --scheduled --repository {{ $labels.repository }}',
      },
    },
    {
      alert: 'DrReadOverdue',
      expr: `go_coffee_dr_unread_seconds > ${seconds(readAll)}`,
      labels: { severity: 'warning' },
      annotations: {
        summary: `Something in repository {{ $labels.repository }} was not read back within ${formatDuration(seconds(readAll))}`,
        description:
          'Damage shows only when data is read: an index and a list say that it is there, not that it is whole.',
        runbook: 'dr verify --scheduled --repository {{ $labels.repository }}',
      },
    },
  ];
}
