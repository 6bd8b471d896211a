/** `dr points` as text: problems first, then the points, the windows, and what would be lost now. */
import { formatDuration } from '../../../plan/duration.ts';
import { formatBytes, formatTime, plural } from '../../report/format.ts';
import type { Paint } from '../../report/paint.ts';
import { table } from '../../report/table.ts';
import type { MarkRecord } from '../marks.ts';
import type { PointRow, PointsOverview, RepositoryRow } from './overview.ts';

/** Nobody reads more rows than this on a terminal. */
const SHOWN = 50;
const ALTERED_SHOWN = 3;

/** Only the later one of `compromised` and `clean` counts. */
function shownMarks(marks: readonly MarkRecord[]): string {
  const verdict = marks
    .filter((m) => m.mark === 'compromised' || m.mark === 'clean')
    .toSorted((a, b) => a.at.localeCompare(b.at))
    .at(-1);
  const names = [...new Set(marks.map((m) => m.mark))].filter(
    (m) => m === 'verified' || m === 'hold' || m === verdict?.mark,
  );
  return names.join(', ') || '-';
}

function shownWorkloads(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') || '-' : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

function shownTrust({ trust, repositories, doubt, suspect }: PointRow): string {
  if (trust === 'ok' && doubt !== undefined) return 'in doubt';
  if (trust === 'ok' && suspect !== undefined) return `suspect: ${suspect.join(', ')}`;
  if (trust === 'ok') return 'ok';
  const where = repositories.filter((r) => r.trust !== 'ok').map((r) => r.id);
  return where.length === repositories.length ? trust : `${trust} in ${where.join(', ')}`;
}

function pointsTable(overview: PointsOverview): string {
  if (overview.points.length === 0) return 'No recovery point yet. Make one with: dr backup';
  const now = Date.parse(overview.at);
  // A forged point is no point; it is counted above.
  const points = overview.points.filter(({ trust }) => trust !== 'tampered');
  const altered = overview.points.filter(({ trust }) => trust === 'tampered').slice(0, ALTERED_SHOWN);
  const rows = [...altered, ...points]
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, SHOWN)
    .map((row) => [
      row.id,
      row.kind,
      row.complete ? 'yes' : 'no',
      formatTime(row.endedAt),
      formatDuration(Math.max(0, (now - Date.parse(row.endedAt)) / 1000)),
      shownWorkloads(row.workloads),
      formatBytes(row.bytes),
      row.storedBytes > 0 ? formatBytes(row.storedBytes) : '-',
      shownMarks(row.marks),
      shownTrust(row),
      row.repositories.map((r) => r.id).join(', '),
    ]);
  const head = ['id', 'kind', 'complete', 'ended', 'age', 'workloads', 'data', 'set stored', 'marks', 'trust', 'in'];
  const align = head.map((title) => (['age', 'data', 'set stored'].includes(title) ? 'right' : 'left'));
  const older = points.length + altered.length - rows.length;
  const more = older > 0 ? [`and ${plural(older, 'older one')}: dr points -o json lists all of them`] : [];
  return [table(head, rows, align), ...more].join('\n');
}

function storesTable({ stores }: PointsOverview): string {
  const rows = stores.map((store) =>
    store.to === undefined || store.from === undefined || store.lostSeconds === undefined
      ? [store.workload, '-', '-', 'all of it', 'no copy']
      : [
          store.workload,
          formatTime(store.from),
          formatTime(store.to),
          formatDuration(store.lostSeconds),
          store.repository ?? '-',
        ],
  );
  return table(['store', 'recoverable from', 'to', 'lost now', 'newest in'], rows);
}

function wholeRow({ id, status, points, window, lacks = [] }: RepositoryRow): string[] {
  if (status === 'unreachable') return [id, 'unreachable', '-', '-'];
  if (points > 0 && lacks.length > 0) return [id, String(points), `no copy of ${lacks.join(', ')}`, '-'];
  const platform = window?.platform;
  const none = points === 0 ? '-' : 'single points only';
  return [id, String(points), platform ? formatTime(platform.from) : none, platform ? formatTime(platform.to) : '-'];
}

/** Whoever may write can lay down hundreds: they must not hide what was really lost. */
const COUNTED = {
  tampered: 'altered or without a good signature',
  'unknown-key': 'signed with a key that is missing here',
};

/** One line for each repository. The first ones are named. */
function countedLine(kind: keyof typeof COUNTED, problems: PointsOverview['problems'], paint: Paint): string {
  const [first] = problems;
  if (first === undefined) return '';
  const loud = kind === 'unknown-key' ? paint('yellow', 'UNCHECKED') : paint('red', kind.toUpperCase());
  if (problems.length === 1) return `${loud} ${first.repository}: ${first.fact}\n  hint: ${first.hint}`;
  const hint = kind === 'tampered' ? `see which: dr repository clean ${first.repository}` : first.hint;
  return `${loud} ${first.repository}: ${plural(problems.length, 'document')} ${COUNTED[kind]}, the first: ${first.fact}\n  hint: ${hint}`;
}

/** The most serious first. */
function problemLines(overview: PointsOverview, paint: Paint): string[] {
  const repositories = [...new Set(overview.problems.map(({ repository }) => repository))];
  const single = overview.problems.filter(({ kind }) => kind === 'removed' || kind === 'unreadable');
  const problems = [
    ...single.map(
      ({ kind, repository, fact, hint }) =>
        `${paint('red', kind.toUpperCase())} ${repository}: ${fact}\n  hint: ${hint}`,
    ),
    ...(['tampered', 'unknown-key'] as const).flatMap((kind) =>
      repositories.map((id) =>
        countedLine(
          kind,
          overview.problems.filter((each) => each.kind === kind && each.repository === id),
          paint,
        ),
      ),
    ),
  ].filter((line) => line !== '');
  const away = overview.repositories.flatMap(({ id, error }) =>
    error ? [`${paint('yellow', 'UNREACHABLE')} ${id}: ${error.fact}\n  hint: ${error.hint}`] : [],
  );
  return [...problems, ...away];
}

export function overviewText(overview: PointsOverview, paint: Paint): string {
  const { repositories } = overview;
  const whole = table(['repository', 'points', 'whole platform from', 'to'], repositories.map(wholeRow));
  const sections = [problemLines(overview, paint).join('\n'), pointsTable(overview), storesTable(overview), whole];
  return sections.filter((section) => section !== '').join('\n\n');
}
