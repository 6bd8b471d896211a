/** A health report as text. */
import { formatTime } from '../../report/format.ts';
import type { Paint } from '../../report/paint.ts';
import { table } from '../../report/table.ts';
import type { HealthCheck } from '../../workloads/workload.ts';
import { type HealthReport, isFailed } from './types.ts';

export function healthText(report: HealthReport, paint: Paint): string {
  const row = (tier: string, check: HealthCheck): string[] => [tier, mark(check, paint), check.title, check.fact];
  const rows = [
    ...report.tiers.flatMap(({ id, checks }) => checks.map((check) => row(id, check))),
    ...report.checks.map((check) => row('', check)),
  ];
  const all = [...report.tiers.flatMap(({ checks }) => checks), ...report.checks];
  const failed = all.filter(isFailed).length;
  const verdict = report.healthy
    ? paint('green', 'healthy')
    : paint('red', `unhealthy: ${failed} of ${all.length} checks failed`);
  return [
    table(['tier', '', 'check', 'found'], rows),
    '',
    `${report.environment} at ${formatTime(report.at)}: ${verdict}`,
  ].join('\n');
}

function mark({ ok }: HealthCheck, paint: Paint): string {
  if (ok === undefined) return paint('dim', '-');
  return ok ? paint('green', 'ok') : paint('red', 'FAILED');
}
