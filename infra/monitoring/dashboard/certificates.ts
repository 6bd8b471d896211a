/** How long the certificates are good. */
import type { Question } from './panels.ts';

const DAY = 86_400;

export const UNTIL_A_CERTIFICATE_EXPIRES: Question = {
  title: 'Until a certificate expires',
  description: 'Red below 7 days, yellow below 30: `pulumi up` renews them.',
  type: 'bargauge',
  unit: 's',
  steps: [
    { color: 'red', value: null },
    { color: 'yellow', value: 7 * DAY },
    { color: 'green', value: 30 * DAY },
  ],
  show: [['go_coffee_dr_certificate_seconds', '{{certificate}}']],
};
