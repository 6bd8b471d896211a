/** `dr objectives` */
import { formatDuration } from '../../plan/duration.ts';
import { openSite } from '../../recovery/config/site.ts';
import { EXIT } from '../../recovery/core/errors.ts';
import { formatTime } from '../../recovery/report/format.ts';
import { table } from '../../recovery/report/table.ts';
import { achievedObjectives, type ObjectivesReport } from '../../recovery/status/objectives.ts';
import type { Execute, SiteOptions } from '../command.ts';

export type ObjectivesOptions = SiteOptions;

export const objectivesCommand: Execute<ObjectivesOptions> = async (options, context) => {
  const site = await openSite(options.env, context.log);
  const report = await achievedObjectives(site, context.now());
  return {
    exit: report.missed.length === 0 ? EXIT.ok : EXIT.objectiveMissed,
    kind: 'Objectives',
    data: report,
    text: describe(report),
  };
};

function describe(report: ObjectivesReport): string {
  const word = (met: boolean): string => (met ? 'met' : 'MISSED');
  const rpo = report.rpo.map((row) => [
    `${row.tier} ${row.workload}`,
    formatDuration(row.objectiveSeconds),
    row.ageSeconds === undefined ? 'no copy' : formatDuration(row.ageSeconds),
    word(row.met),
    row.repository === undefined ? row.basis : `${row.basis} in ${row.repository}`,
  ]);
  const rto = report.rto.map((row) => [
    `${row.tier} ${row.name}`,
    formatDuration(row.objectiveSeconds),
    row.measured === undefined ? 'never measured' : formatDuration(row.measured.seconds),
    row.measured === undefined ? '-' : word(row.met),
    row.measured === undefined ? 'run `dr drill`' : `${row.measured.what}, ${formatTime(row.measured.at)}`,
  ]);
  const away = report.unreachable.map(({ repository, fact }) => `repository ${repository} can't be read: ${fact}`);
  const verdict = report.missed.length === 0 ? 'no objective is missed' : `missed: ${report.missed.join(', ')}`;
  return [
    table(['RPO of', 'objective', 'now', '', 'newest copy'], rpo),
    '',
    table(['RTO of', 'objective', 'last', '', 'measured by'], rto),
    '',
    ...away,
    verdict,
  ].join('\n');
}
