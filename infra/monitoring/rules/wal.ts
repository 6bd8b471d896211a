/** Between two backups the RPO depends on WAL, which a primary site archives and a standby site replays. */
import { formatDuration, seconds } from '../../../plan/duration.ts';
import { rpoObjective } from '../../../plan/objectives.ts';
import type { Plan, Workload } from '../../../plan/types.ts';
import { type AlertRule, STALE } from './types.ts';

interface Shipping {
  readonly workload: Workload;
  /** Seconds. */
  readonly objective: number;
  readonly push: number;
  readonly archiveTimeout: number;
}

function shipping(plan: Plan): Shipping[] {
  return plan.workloads.flatMap((workload) => {
    const objective = rpoObjective(plan, workload);
    if (workload.continuous === undefined || objective === undefined) return [];
    const { archiveTimeout, pushDelay } = workload.continuous;
    return [{ workload, objective, push: seconds(pushDelay), archiveTimeout: seconds(archiveTimeout) }];
  });
}

export function walRules(plan: Plan): AlertRule[] {
  return shipping(plan).flatMap(({ workload, objective, push, archiveTimeout }): AlertRule[] => {
    const late = push + archiveTimeout;
    const lag = 'go_coffee_dr_wal_lag_seconds';
    const annotations = {
      description: `What is committed and not archived is lost with the server. The RPO of ${workload.id} is ${formatDuration(objective)}.`,
      runbook: 'dr health --comprehensive; dr doctor',
    };
    const summary = (limit: number): string => `No WAL was archived for more than ${formatDuration(limit)}`;
    return [
      {
        alert: 'DrWalLate',
        expr: `${lag} > ${late} and ${lag} <= ${objective}`,
        labels: { severity: 'warning', tier: workload.tier },
        annotations: { summary: summary(late), ...annotations },
      },
      {
        alert: 'DrWalRpoMissed',
        expr: `${lag} > ${objective}`,
        labels: { severity: 'critical', tier: workload.tier },
        annotations: { summary: summary(objective), ...annotations },
      },
      {
        alert: 'DrWalBacklog',
        // More segments than an idle server completes in the longest time of a push.
        expr: `go_coffee_dr_wal_backlog_segments > ${Math.ceil(push / archiveTimeout)}`,
        for: `${push}s`,
        labels: { severity: 'warning', tier: workload.tier },
        annotations: {
          summary: '{{ $value }} WAL segments wait to be archived',
          description: 'They fill the primary’s disk, and their data has one copy only. Is a repository away?',
          runbook: 'dr health --comprehensive; dr doctor',
        },
      },
    ];
  });
}

/** A fence exists and this site still runs: the failover could not stop it, or it came back later. */
export function fenceRules(): AlertRule[] {
  return [
    {
      alert: 'DrFenced',
      expr: 'go_coffee_dr_fenced == 1',
      labels: { severity: 'critical' },
      annotations: {
        summary: 'Another site leads, and this one still runs',
        description:
          'It was failed over from. It copies nothing more, and takes no new writes; what it took since never arrives.',
        runbook: 'dr failback --help',
      },
    },
  ];
}

/** PostgreSQL keeps about as much by itself (`max_wal_size`, its default): less tells nothing. */
export const SLOT_BYTES = 2 ** 30;

/** A slot whose follower is gone keeps WAL until the disk is full, and then the server stops. */
export function slotRules(): AlertRule[] {
  return [
    {
      alert: 'DrSlotKeepsWal',
      expr: `go_coffee_dr_unused_slot_bytes > ${SLOT_BYTES}`,
      for: STALE,
      labels: { severity: 'warning' },
      annotations: {
        summary: 'The replication slot {{ $labels.slot }} keeps {{ $value | humanize1024 }}B of WAL for nobody',
        description:
          'Its follower is not connected. It keeps WAL until the disk is full, or max_slot_wal_keep_size ends it.',
        runbook: 'dr doctor; dr health --stores; dr adopt status --help',
      },
    },
  ];
}

export function standbyRules(plan: Plan): AlertRule[] {
  return shipping(plan).flatMap(({ workload, objective, push, archiveTimeout }): AlertRule[] => {
    // A standby that follows the archive gets WAL one push later, and replays it in its next poll.
    const late = 2 * (push + archiveTimeout);
    const lag = 'go_coffee_dr_standby_lag_seconds';
    const annotations = {
      description: `A failover now would lose this much. The RPO of ${workload.id} is ${formatDuration(objective)}.`,
      runbook: 'dr health; dr points',
    };
    return [
      {
        alert: 'DrStandbyLate',
        expr: `${lag} > ${late} and ${lag} <= ${objective}`,
        for: STALE,
        labels: { severity: 'warning', tier: workload.tier },
        annotations: { summary: `The standby is more than ${formatDuration(late)} behind`, ...annotations },
      },
      {
        alert: 'DrStandbyRpoMissed',
        expr: `${lag} > ${objective}`,
        labels: { severity: 'critical', tier: workload.tier },
        annotations: { summary: `The standby is more than ${formatDuration(objective)} behind`, ...annotations },
      },
    ];
  });
}
