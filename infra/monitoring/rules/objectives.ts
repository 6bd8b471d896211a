/** Alerts for missed objectives and overdue drills. */
import { formatDuration } from '../../../plan/duration.ts';
import type { TestCadence } from '../../../plan/limits.ts';
import { type AlertRule, unlessNew } from './types.ts';

export function objectiveMissed(): AlertRule {
  return {
    alert: 'DrObjectiveMissed',
    expr: 'go_coffee_dr_objective_met == 0',
    labels: { severity: 'critical' },
    annotations: {
      summary: 'The {{ $labels.objective | toUpper }} of tier {{ $labels.tier }} is missed',
      description: 'RPO: the newest copies are too old. RTO: the last measured recovery took too long.',
      runbook: 'dr objectives',
    },
  };
}

export function drillOverdue({ scenario, cadence, seconds: limit, run }: TestCadence): AlertRule {
  return {
    alert: 'DrDrillOverdue',
    expr: `go_coffee_dr_drill_age_seconds{scenario="${scenario}"} > ${limit}${unlessNew(`scenario="${scenario}"`, limit)}`,
    labels: { severity: 'warning', scenario },
    annotations: {
      summary: `The ${cadence} drill of ${scenario} is overdue`,
      description: `No drill of it has passed for more than ${formatDuration(limit)}.`,
      runbook: run,
    },
  };
}
