/** The report for people: a line a repository, then what is wrong, then the verdict. */
import { formatDuration } from '../../plan/duration.ts';
import { formatBytes, formatCount, formatTime, plural } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { DeepResult, Finding, RepositoryReport, VerifyReport } from './types.ts';

const STATES = {
  ok: 'ok',
  wrong: 'WRONG',
  unusable: 'NOT VERIFIED',
  unreachable: 'NOT REACHED',
  failed: 'FAILED',
} as const;

function row({ id, status, coverage, seconds, deep }: RepositoryReport): string[] {
  const { points, sets, walSegments, snapshots } = coverage;
  const tried = deep === undefined ? '-' : `${deep.point}${outcomeOf(deep) === 'failed' ? ' FAILED' : ''}`;
  return [
    id,
    STATES[status],
    ...[points, sets, walSegments, snapshots].map(formatCount),
    tried,
    formatDuration(seconds),
  ];
}

/** A turn that found nothing wrong does not mark its point: it has not restored all of it. */
function outcomeOf({ marked, otherTurns, restored, failed }: DeepResult): 'whole' | 'turn' | 'failed' {
  if (marked) return 'whole';
  return otherTurns !== undefined && restored.length > 0 && failed.length === 0 ? 'turn' : 'failed';
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n    ');
}

function findingText({ repository, severity, code, what, fact, hint, points }: Finding): string {
  const head = severity === 'wrong' ? `WRONG ${code}` : `note ${code}`;
  const shown = points.length > 5 ? `${points.slice(-5).join(', ')} and ${points.length - 5} older` : points.join(', ');
  const concerned = points.length === 0 ? [] : [`  points: ${shown}`];
  return [`${head} ${repository}: ${what}: ${indented(fact)}`, ...concerned, `  hint: ${hint}`].join('\n');
}

function deepText({ id, deep }: RepositoryReport): string[] {
  if (deep === undefined) return [];
  const checks = deep.checks.map((c) => [c.ok ? 'ok' : 'WRONG', c.tier, c.title, c.actual]);
  const words = {
    whole: 'restored, checked, and marked verified',
    turn: `${deep.restored.join(', ')} restored and checked; ${(deep.otherTurns ?? []).join(', ')} in another week`,
    failed: 'its trial restore failed',
  };
  const outcome = words[outcomeOf(deep)];
  const read = `${formatBytes(deep.bytes)} restored, ${formatCount(deep.rows)} rows of ${plural(deep.tables, 'table')} read, in ${formatDuration(deep.seconds)}`;
  return [`${deep.point} from ${id}: ${outcome} (${read})\n${table(['', 'tier', 'verified', 'found'], checks)}`];
}

function readText({ id, read }: RepositoryReport): string[] {
  if (read === undefined) return [];
  const what = `${plural(read.packs, 'pack')} of files, ${read.sets.length === 0 ? 'no backup set' : `backup sets ${read.sets.join(', ')}`}`;
  const pass =
    read.unread === undefined ? '' : `; not read since ${formatTime(read.unread.since)}: ${read.unread.what}`;
  return [`${id}: ${formatBytes(read.bytes)} read back (${what})${pass}`];
}

function errorText({ id, error, findings }: RepositoryReport): string[] {
  if (error === undefined || findings.length > 0) return [];
  return [`${id} was not verified: ${error.message}\n  hint: ${error.hint}`];
}

function verdict(reports: readonly RepositoryReport[]): string {
  const wrong = reports.flatMap(({ findings }) => findings).filter(({ severity }) => severity === 'wrong');
  const skipped = reports.filter(({ status }) => status !== 'ok' && status !== 'wrong').map(({ id }) => id);
  const bad = reports.filter(({ status }) => status === 'wrong').map(({ id }) => id);
  const rest = skipped.length === 0 ? '' : `; ${skipped.join(', ')} not verified`;
  if (bad.length > 0) return `verdict: WRONG in ${bad.join(', ')} (${plural(wrong.length, 'finding')})${rest}`;
  const good = reports.filter(({ status }) => status === 'ok').map(({ id }) => id);
  return `verdict: ok in ${good.join(', ') || 'none'}${rest}`;
}

export function verifyText({ repositories }: VerifyReport): string {
  const head = ['repository', 'state', 'points', 'sets', 'wal', 'snapshots', 'tried', 'took'];
  const right = ['left', 'left', 'right', 'right', 'right', 'right', 'left', 'right'] as const;
  const findings = repositories.flatMap((report) => report.findings).map(findingText);
  const parts = [
    table(head, repositories.map(row), right),
    repositories.flatMap(readText).join('\n'),
    ...repositories.flatMap(deepText),
    ...findings,
    ...repositories.flatMap(errorText),
    verdict(repositories),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
