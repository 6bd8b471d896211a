/** Alerts for the whole: this site is not ready to recover, and a review or a test by people is overdue. */
import { formatDuration } from '../../../plan/duration.ts';
import { CADENCE } from '../../../plan/limits.ts';
import type { Plan } from '../../../plan/types.ts';
import type { AlertRule } from './types.ts';

/** The verdict is made every 15 minutes. */
const JUDGED_WITHIN_SECONDS = 7200;

function notReady(): AlertRule {
  return {
    alert: 'DrNotReady',
    expr: `go_coffee_dr_readiness == 0 or time() - go_coffee_dr_readiness_judged_timestamp_seconds > ${JUDGED_WITHIN_SECONDS}`,
    for: '30m',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'This site is not ready to recover',
      description: `A check of the readiness failed, or nobody has judged it for ${formatDuration(JUDGED_WITHIN_SECONDS)}.`,
      runbook: 'dr readiness',
    },
  };
}

/** A drill has an alert of its own. */
const byPeople = ({ tests }: Plan): Plan['tests'] => tests.filter(({ run }) => !run?.startsWith('dr drill'));

function overdue(
  alert: string,
  facts: {
    readonly kind: 'test' | 'review';
    readonly id: string;
    readonly title: string;
    readonly cadence: keyof typeof CADENCE;
  },
  runbook: string,
): AlertRule {
  const { kind, id, title, cadence } = facts;
  return {
    alert,
    expr: `go_coffee_dr_due_seconds{kind="${kind}",id="${id}"} < 0`,
    labels: { severity: 'warning', [kind]: id },
    annotations: {
      summary: `The ${cadence} ${kind} is overdue: ${title}`,
      description: `None has passed for more than ${formatDuration(CADENCE[cadence])}.`,
      runbook,
    },
  };
}

export function humanRules(plan: Plan): AlertRule[] {
  return [
    notReady(),
    ...plan.maintenance.reviews.map(({ cadence, what }) =>
      overdue(
        'DrReviewOverdue',
        { kind: 'review', id: cadence, title: what, cadence },
        `dr plan review --cadence ${cadence} --by NAME`,
      ),
    ),
    ...byPeople(plan).map(({ id, title, cadence, run }) =>
      overdue(
        'DrTestOverdue',
        { kind: 'test', id, title, cadence },
        run ?? `dr plan record ${id} --by NAME --result passed`,
      ),
    ),
  ];
}
