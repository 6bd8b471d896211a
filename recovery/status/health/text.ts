/** A health report as text. */
import { formatTime } from '../../report/format.ts';
import { paint } from '../../report/progress-tree.ts';
import { table } from '../../report/table.ts';
import type { HealthCheck } from '../../workloads/workload.ts';
import { type HealthReport, isFailed } from './types.ts';

export function healthText(report: HealthReport, color: boolean): string {
  const row = (tier: string, check: HealthCheck): string[] => [tier, mark(check, color), check.title, check.fact];
  const rows = [
    ...report.tiers.flatMap(({ id, checks }) => checks.map((check) => row(id, check))),
    ...report.checks.map((check) => row('', check)),
  ];
  const all = [...report.tiers.flatMap(({ checks }) => checks), ...report.checks];
  const failed = all.filter(isFailed).length;
  const verdict = report.healthy
    ? paint(color, 'green', 'healthy')
    : paint(color, 'red', `unhealthy: ${failed} of ${all.length} checks failed`);
  return [
    table(['tier', '', 'check', 'found'], rows),
    '',
    `${report.environment} at ${formatTime(report.at)}: ${verdict}`,
  ].join('\n');
}

function mark({ ok }: HealthCheck, color: boolean): string {
  if (ok === undefined) return paint(color, 'dim', '-');
  return ok ? paint(color, 'green', 'ok') : paint(color, 'red', 'FAILED');
}
