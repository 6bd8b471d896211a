/** `dr restore --table … --compare`, `--merge`, `--undo-merge`: a restored table and the live one. */
import { postgresSettings } from '../../../recovery/config/environment.ts';
import type { Site } from '../../../recovery/config/site.ts';
import { accountName } from '../../../recovery/core/holder.ts';
import { plural } from '../../../recovery/report/format.ts';
import { table as textTable } from '../../../recovery/report/table.ts';
import { parseTableName, type TableName } from '../../../recovery/restore/dump-list.ts';
import { type Compared, compareTable } from '../../../recovery/restore/side/compare.ts';
import { type Merged, mergeTables, tablesToUndo, undoMerge } from '../../../recovery/restore/side/merge.ts';
import { originOf } from '../../../recovery/restore/side/restore-tables.ts';
import { bringBackWhole } from '../../../recovery/restore/side/whole-table.ts';
import type { CommandResult, SiteContext } from '../../command.ts';
import { openSite } from '../../open-site.ts';
import { misuse, type RestoreOptions } from './declaration.ts';

interface Place {
  /** With the restored tables. */
  readonly database: string;
  readonly tables: readonly TableName[];
}

export async function compareAll(site: Site, { database, tables }: Place): Promise<Compared[]> {
  const liveDatabase = (await originOf(site, database))?.database ?? postgresSettings(site.environment).database;
  const compared: Compared[] = [];
  for (const table of tables) compared.push(await compareTable(site, { database, liveDatabase, table }));
  return compared;
}

function samplesText({ table, samples }: Compared): string[] {
  return Object.entries(samples).flatMap(([kind, keys]) =>
    keys.length === 0 ? [] : [`${table} ${kind}: ${keys.join(' ')}${keys.length === 5 ? ' …' : ''}`],
  );
}

export function comparedText(all: readonly Compared[], database: string): string {
  const rows = all.map((each) => [
    each.table,
    each.key?.join(', ') ?? 'none: whole rows',
    ...[each.same, each.missing, each.changed, each.added].map(String),
  ]);
  const gone = all.filter(({ live }) => !live).map(({ table }) => `note: the live database has no table ${table}`);
  const columns = all.flatMap(({ table, otherColumns }) =>
    otherColumns.length === 0
      ? []
      : [`note: not compared in ${table}, because only one of the two has them: ${otherColumns.join(', ')}`],
  );
  return [
    textTable(['table', 'key', 'same', 'missing', 'changed', 'new'], rows),
    ...all.flatMap(samplesText),
    ...gone,
    ...columns,
    `missing: in ${database} and not in the live table; new: in the live table alone`,
  ].join('\n');
}

function tablesOf({ table }: RestoreOptions): TableName[] {
  return table.flatMap((name) => parseTableName(name) ?? []);
}

/** Compares or merges tables that an earlier command restored. */
export async function withRestored(options: RestoreOptions, context: SiteContext): Promise<CommandResult> {
  const { intoDatabase, merge } = options;
  if (intoDatabase === undefined)
    throw misuse(
      '--compare and --merge want a restored database',
      'name it: --into-database dr_restored_20261123020000',
    );
  const site = await openSite(context);
  const place = { database: intoDatabase, tables: tablesOf(options) };
  const compared = await compareAll(site, place);
  const text = comparedText(compared, intoDatabase);
  if (merge === undefined) return { kind: 'TableComparison', data: { database: intoDatabase, compared }, text };
  const origin = await originOf(site, intoDatabase);
  const liveDatabase = origin?.database ?? postgresSettings(site.environment).database;
  const xids = merge === 'changed' ? (origin?.xids ?? []) : [];
  const isGone = (n: number): boolean => merge === 'missing' && compared[n]?.live === false;
  const whole = place.tables.filter((_, n) => isGone(n));
  const tables = place.tables.filter((_, n) => !isGone(n));
  const counts = compared.map((each, n) =>
    isGone(n)
      ? `${each.table}: the whole table, ${plural(each.restoredRows, 'row')}`
      : `${each.table}: ${plural(each[merge], 'row')} ${merge}`,
  );
  const only =
    xids.length === 0
      ? []
      : [`of the changed rows only those that transaction ${xids[0]} wrote last: what was written after it stays`];
  const what = [text, `write into ${liveDatabase}: ${counts.join('; ')}`, ...only];
  if (options.dryRun) return { kind: 'TableMerge', data: { dryRun: true, compared }, text: what.join('\n') };
  await context.confirm({ name: site.environment.name, what });
  const id = `merge-${context.now().toISOString().replaceAll(/[-:.]/g, '')}`;
  const request = {
    id,
    by: accountName(),
    kind: merge,
    database: intoDatabase,
    liveDatabase,
    tables,
    xids,
  };
  const back = whole.length === 0 ? [] : await bringBackWhole(site, { ...request, tables: whole });
  const merged = tables.length === 0 ? [] : await mergeTables(site, request);
  const data = { ...(tables.length === 0 ? {} : { id }), merged, whole: back };
  return { kind: 'TableMerge', data, text: mergedText(data) };
}

const leftText = (merged: readonly Merged[]): string[] =>
  merged
    .filter(({ left }) => left > 0)
    .map(({ table, left }) => `note: ${plural(left, 'row')} of ${table} changed since then and stayed`);

interface MergeData {
  /** Undefined where no rows were written into a table that is there. */
  readonly id?: string;
  readonly merged: readonly Merged[];
  /** Tables that were gone. */
  readonly whole: readonly { readonly table: string; readonly rows: number }[];
}

function mergedText({ id, merged, whole }: MergeData): string {
  return [
    textTable(
      ['table', 'rows written'],
      [...whole, ...merged].map(({ table, rows }) => [table, String(rows)]),
    ),
    ...leftText(merged),
    ...whole.map(({ table }) => `note: ${table} came back whole; no merge takes that back: DROP TABLE does`),
    ...(id === undefined
      ? []
      : [`what was replaced is in the schema dr_merge; to take it back: dr restore --undo-merge ${id}`]),
  ].join('\n');
}

export async function takeBack(
  options: RestoreOptions & { readonly undoMerge: string },
  context: SiteContext,
): Promise<CommandResult> {
  const site = await openSite(context);
  const { database } = postgresSettings(site.environment);
  const id = options.undoMerge;
  const tables = await tablesToUndo(site, id, database);
  const what = [`take back what the merge ${id} wrote into ${database}: ${tables.join(', ')}`];
  if (options.dryRun) return { kind: 'TableMergeUndone', data: { dryRun: true, id }, text: `would ${what.join('')}` };
  await context.confirm({ name: site.environment.name, what });
  const undone = await undoMerge(site, id, database);
  const text = [
    textTable(
      ['table', 'rows taken back'],
      undone.map(({ table, rows }) => [table, String(rows)]),
    ),
    ...leftText(undone),
  ];
  return { kind: 'TableMergeUndone', data: { id, undone }, text: text.join('\n') };
}
