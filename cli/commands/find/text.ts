/** What `dr find --what` prints. */
import { type Finding, nameOfFinding, type SearchRequest, type SearchResult } from '../../../recovery/find/search.ts';
import { formatExactTime, plural } from '../../../recovery/report/format.ts';
import { table } from '../../../recovery/report/table.ts';
import { tableText } from '../../../recovery/restore/dump-list.ts';

type Result = Omit<SearchResult, 'entries' | 'live'>;

const shellWord = (text: string): string => (/^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** Just before it. The numbers of transactions repeat after a restore: then its place says which one it is. */
function targetOf({ xid, lsn }: Finding, { read }: Pick<SearchResult, 'read'>): string {
  return read.length > 1 ? `lsn:${lsn}` : `before:${xid}`;
}

/** Takes the table back to just before the transaction, beside the live one. */
function tableCommand(finding: Finding, result: Pick<SearchResult, 'read' | 'repository'>): string | undefined {
  // Of an external server all comes back, or nothing.
  if (finding.relation === undefined || result.repository === undefined) return undefined;
  return `dr restore --to ${targetOf(finding, result)} --table ${shellWord(tableText(finding.relation))}`;
}

function rowsText({ rows, partial, objects }: Finding): string {
  if (objects !== undefined) return objects.join('; ');
  if (rows === undefined) return '';
  return `${partial ? 'at least ' : ''}${rows}`;
}

const NEXT = 40;

export function findText(
  { findings, leftOut, read, notes, repository, where }: Result,
  { since, until }: SearchRequest,
): string {
  const rows = findings.map((each) => [
    formatExactTime(each.at),
    each.what,
    nameOfFinding(each),
    each.relation?.database ?? '',
    rowsText(each),
    each.xid,
    each.lsn,
  ]);
  const span = `between ${formatExactTime(since.toISOString())} and ${formatExactTime(until.toISOString())}`;
  const segments = read.reduce((sum, each) => sum + each.segments, 0);
  const head = `${plural(findings.length, 'change')} ${span}; read ${plural(segments, 'WAL segment')} of ${read.map(({ lineage }) => lineage).join(', ') || 'no lineage'} in ${where}`;
  const commands = [
    ...new Set(findings.flatMap((each) => tableCommand(each, { read, ...(repository && { repository }) }) ?? [])),
  ].slice(0, NEXT);
  const targets = [...new Set(findings.map((each) => targetOf(each, { read })))];
  const only = repository === undefined ? ' --only postgres-wal' : '';
  const whole = targets.length === 1 ? [`dr restore --to ${targets[0]}${only}`] : [];
  const what = repository === undefined ? 'the whole server' : 'the whole platform';
  return [
    head,
    ...(rows.length === 0
      ? []
      : [table(['committed', 'what', 'table', 'database', 'rows', 'transaction', 'LSN'], rows)]),
    ...(leftOut > 0
      ? [`${plural(leftOut, 'change')} with fewer rows are not listed: --min-rows, --table, --since`]
      : []),
    ...notes.map((note) => `note: ${note}`),
    ...(commands.length === 0
      ? []
      : ['one table, just before it, beside the live one:', ...commands.map((c) => `  ${c}`)]),
    ...(whole.length === 0 ? [] : [`${what}, just before it:`, ...whole.map((c) => `  ${c}`)]),
  ].join('\n');
}

export function toData(
  { findings, leftOut, read, notes, repository, where }: Result,
  { since, until }: SearchRequest,
): object {
  return {
    ...(repository === undefined ? { where } : { repository: repository.id }),
    since: since.toISOString(),
    until: until.toISOString(),
    findings: findings.map((each) => {
      const { relation, key, before: _, ...rest } = each;
      const command = tableCommand(each, { read, ...(repository && { repository }) });
      return {
        ...rest,
        ...(relation === undefined
          ? { unnamed: key ?? '' }
          : { table: tableText(relation), database: relation.database }),
        target: targetOf(each, { read }),
        ...(command === undefined ? {} : { command }),
      };
    }),
    leftOut,
    read,
    notes,
  };
}
