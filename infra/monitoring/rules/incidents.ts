/** Alerts for what people owe in an incident and after it. */
import type { Plan } from '../../../plan/types.ts';
import type { AlertRule } from './types.ts';

/** The promises are the plan's templates'. A promise that the plan does not make has no alert. */
export function incidentRules({ templates, postRecovery }: Plan): AlertRule[] {
  const every = templates.find(({ id }) => id === 'initial')?.updateEvery;
  const within = templates.find(({ id }) => id === 'resolved')?.dueWithin;
  const update: AlertRule = {
    alert: 'DrIncidentUpdateOverdue',
    expr: 'go_coffee_dr_incident_update_overdue_seconds > 0',
    labels: { severity: 'critical' },
    annotations: {
      summary: 'People wait for an update of the incident',
      description: `The plan promises one every ${every}. It is overdue for {{ $value | humanizeDuration }}.`,
      runbook: 'dr incident status',
    },
  };
  const postMortem: AlertRule = {
    alert: 'DrPostMortemOverdue',
    expr: 'go_coffee_dr_post_mortem_overdue_seconds > 0',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'The post-mortem of an incident is overdue',
      description: `The plan promises it within ${within}. It is overdue for {{ $value | humanizeDuration }}.`,
      runbook: 'dr incident list',
    },
  };
  const followUp: AlertRule = {
    alert: 'DrFollowUpOverdue',
    expr: 'go_coffee_dr_follow_ups_overdue > 0',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'Follow-ups of an incident are overdue',
      description: '{{ $value }} of them should be done by now.',
      runbook: 'dr incident follow-ups',
    },
  };
  return [
    ...(every === undefined ? [] : [update]),
    ...(within === undefined ? [] : [postMortem]),
    ...(postRecovery.length === 0 ? [] : [followUp]),
  ];
}
