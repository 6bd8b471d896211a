/** `dr restore --table … --to MOMENT`: by a set and its WAL, into a database beside the live one; then compared or written back. */
import { refuseExternalPostgres } from '../../../recovery/config/environment.ts';
import type { Site } from '../../../recovery/config/site.ts';
import { formatBytes } from '../../../recovery/report/format.ts';
import { table } from '../../../recovery/report/table.ts';
import { flushWal } from '../../../recovery/restore/flush.ts';
import {
  findTablesSource,
  restoreTables,
  type TablesRequest,
  type TablesResult,
} from '../../../recovery/restore/side/restore-tables.ts';
import type { CommandResult } from '../../command.ts';
import { compareAll, comparedText } from './compare.ts';
import type { RestoreOptions } from './declaration.ts';

export async function restoreAtMoment(
  site: Site,
  request: TablesRequest,
  { dryRun, compare }: RestoreOptions,
): Promise<CommandResult> {
  refuseExternalPostgres(site.environment);
  if (dryRun) {
    const { repository, point, capture, bytes, notes } = await findTablesSource(site, request);
    const { database, targetText } = request;
    const lines = [
      `would recover a side instance from ${capture.set} (${point} in ${repository.id}) to ${targetText}: up to ${formatBytes(bytes)} in ${site.environment.stateDir}`,
      `and put the tables into database ${database}; the live data is only read`,
      ...notes.map((note) => `note: ${note}`),
    ];
    const data = {
      dryRun: true,
      database,
      target: targetText,
      repository: repository.id,
      point,
      set: capture.set,
      bytes,
    };
    return { kind: 'TableRestore', data, text: lines.join('\n') };
  }
  // A mistake of the last minutes may not be archived yet.
  const late = await flushWal(site, request.progress);
  const restored = await restoreTables(site, request);
  const result = late === undefined ? restored : { ...restored, notes: [late, ...restored.notes] };
  if (!compare) return { kind: 'TableRestore', data: result, text: resultText(result) };
  const compared = await compareAll(site, { database: result.database, tables: request.tables });
  const text = `${resultText(result)}\n\n${comparedText(compared, result.database)}`;
  return { kind: 'TableRestore', data: { ...result, compared }, text };
}

function resultText({
  tables,
  database,
  target,
  point,
  set,
  repository,
  largeObjects,
  leftOut,
  notes,
}: TablesResult): string {
  return [
    table(
      ['table', 'rows'],
      tables.map((each) => [each.table, String(each.rows)]),
    ),
    ...(largeObjects > 0 ? [`with ${largeObjects} large objects that their rows name`] : []),
    ...leftOut.map((what) => `note: not restored: ${what}`),
    ...notes.map((note) => `note: ${note}`),
    `in database ${database}, as of ${target} (${set} of ${point} in ${repository})`,
  ].join('\n');
}
