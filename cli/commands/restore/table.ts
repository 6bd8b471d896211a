/** `dr restore --table`, `--into-database`: tables of a moment, or of the logical dump, into a database beside the live one. */
import { isOnOtherHost } from '../../../recovery/config/environment.ts';
import type { Site } from '../../../recovery/config/site.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { isWalTarget, type Target } from '../../../recovery/points/target.ts';
import { formatTime } from '../../../recovery/report/format.ts';
import { table } from '../../../recovery/report/table.ts';
import { parseTableName, type TableName } from '../../../recovery/restore/dump-list.ts';
import {
  checkTablesHeld,
  findDump,
  type LogicalRequest,
  type LogicalResult,
  restoreLogical,
} from '../../../recovery/restore/logical.ts';
import type { CommandResult, SiteContext } from '../../command.ts';
import { openSite } from '../../open-site.ts';
import { choiceOf } from './choice.ts';
import { misuse, type RestoreOptions, type TargetedOptions } from './declaration.ts';

/** Throws exit 2. */
export function checkTables({ table: tables, only }: RestoreOptions): void {
  const bad = tables.find((name) => parseTableName(name) === undefined);
  if (bad !== undefined) {
    throw misuse(`--table "${bad}" has no schema`, `type --table public.${bad.replaceAll(/[^\w]/g, '') || 'orders'}`);
  }
  if (tables.length > 0 && only.length > 0) {
    throw misuse('--table and --only can’t be combined', 'a table comes from the logical dump; leave out --only');
  }
}

export async function restoreTables(options: TargetedOptions, context: SiteContext): Promise<CommandResult> {
  const site = await openSite(context);
  checkOnly(options);
  const now = context.now();
  const database = options.intoDatabase ?? `dr_restored_${now.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}`;
  const choice = choiceOf(options, context, now);
  if (comesFromWal(site, options, choice.target)) {
    const { restoreAtMoment } = await import('./table-at.ts');
    return restoreAtMoment(site, { ...choice, tables: namesOf(options.table), database }, options);
  }
  if (options.compare)
    throw misuse(
      '--compare wants a moment',
      `restore first, then: dr restore --into-database ${database} --table … --compare`,
    );
  const request = { ...choice, tables: options.table, database };
  if (options.dryRun) return dryRun(site, request);
  const result = await restoreLogical(site, request);
  return { kind: 'LogicalRestore', data: result, text: tablesText(result, database) };
}

/** A moment is reached by a set and its WAL where there are any; `latest` and an id name what was dumped. */
function comesFromWal({ environment }: Site, { table: tables }: RestoreOptions, target: Target): boolean {
  if (tables.length === 0) return false;
  if (isWalTarget(target)) return true;
  return target.kind === 'time' && environment.postgres !== undefined && !isOnOtherHost(environment.postgres);
}

function namesOf(tables: readonly string[]): TableName[] {
  return tables.flatMap((name) => parseTableName(name) ?? []);
}

function checkOnly({ only }: RestoreOptions): void {
  const other = only.find((id) => id !== 'postgres-dump');
  if (other === undefined) return;
  throw badInput({
    code: 'USAGE',
    where: '--only',
    fact: `"${other}" can’t be restored into a database`,
    hint: 'leave out --only, or --into-database',
  });
}

async function dryRun(site: Parameters<typeof findDump>[0], request: LogicalRequest): Promise<CommandResult> {
  const { database, tables } = request;
  const found = await findDump(site, request);
  await checkTablesHeld(site, request, found);
  const { capture, point, repository } = found;
  const what = tables.length === 0 ? 'all tables' : tables.join(', ');
  const dump = `the dump of ${formatTime(capture.capturedAt)} (${point} in ${repository.id})`;
  return {
    kind: 'LogicalRestore',
    data: { dryRun: true, database, tables, repository: repository.id, point },
    text: `would restore ${what} of ${dump} into database ${database}`,
  };
}

function tablesText(result: LogicalResult, database: string): string {
  const rows = result.tables.map((t) => [t.table, String(t.rows)]);
  const notes = [
    ...result.notes,
    ...result.leftOut.map((what) => `not restored: ${what}`),
    ...(result.grants ? [] : ['permissions (GRANT) are not restored: tables alone, or roles that are not here']),
  ];
  return [
    table(['table', 'rows'], rows),
    ...notes.map((note) => `note: ${note}`),
    `in database ${database}, as of ${formatTime(result.capturedAt)} (${result.point} in ${result.repository})`,
  ].join('\n');
}
