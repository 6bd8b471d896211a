/** Alerts for certificates: a `pulumi up` renews those of a stack, and none may have run for long. */
import { type AlertRule, SEVERITY } from './types.ts';

const DAY = 86_400;
/** `pulumi up` renews in the last 60 days (infra/pgbackrest/certificates.ts): half of them have passed without one. */
const SOON_DAYS = 30;
const LATE_DAYS = 7;

export function certificateRules(): AlertRule[] {
  const left = 'go_coffee_dr_certificate_seconds';
  const annotations = {
    description:
      'Without it no backup and no WAL reaches the repository. It has expired, or its file is unreadable, at 0.',
    runbook: 'dr doctor; pulumi up',
  };
  return [
    {
      alert: 'DrCertificateExpires',
      expr: `${left} < ${SOON_DAYS * DAY} and ${left} >= ${LATE_DAYS * DAY}`,
      labels: { severity: SEVERITY.warning },
      annotations: {
        summary: `The certificate of {{ $labels.certificate }} expires in less than ${SOON_DAYS} days`,
        ...annotations,
      },
    },
    {
      alert: 'DrCertificateExpiresNow',
      expr: `${left} < ${LATE_DAYS * DAY}`,
      labels: { severity: SEVERITY.critical },
      annotations: {
        summary: `The certificate of {{ $labels.certificate }} expires in less than ${LATE_DAYS} days`,
        ...annotations,
      },
    },
  ];
}
