/** A readiness report and a calendar as text. */
import { formatDuration } from '../../plan/duration.ts';
import { formatTime } from '../report/format.ts';
import type { Paint } from '../report/paint.ts';
import { table } from '../report/table.ts';
import {
  type CalendarRow,
  type CheckState,
  FAMILIES,
  type Family,
  type ReadinessCheck,
  type ReadinessReport,
} from './types.ts';

const COLOUR = {
  ready: 'green',
  'at risk': 'yellow',
  'not ready': 'red',
  unknown: 'yellow',
  'not here': 'dim',
} as const;

const painted = (state: CheckState, paint: Paint): string => paint(COLOUR[state], state.toUpperCase().padEnd(9));

/** What is open, with the command that fixes it; of the rest a count. */
export function readinessText(report: ReadinessReport, paint: Paint): string {
  const { checks, counts, verdict, environment, site, at } = report;
  const open = Object.entries(counts).filter(
    ([state, count]) => count > 0 && state !== 'ready' && state !== 'not here',
  );
  const why = open.length === 0 ? '' : `: ${open.map(([state, count]) => `${count} ${state}`).join(', ')}`;
  const total = checks.length - counts['not here'];
  return [
    ...(Object.keys(FAMILIES) as Family[]).flatMap((family) => familyLines(family, checks, paint)),
    `${environment} (${site}) at ${formatTime(at)}: ${paint(COLOUR[verdict], verdict.toUpperCase())}${why}; ${counts.ready} of ${total} checks ok`,
  ].join('\n');
}

function familyLines(family: Family, all: readonly ReadinessCheck[], paint: Paint): string[] {
  const own = all.filter((check) => check.family === family);
  if (own.length === 0) return [];
  const good = own.filter(({ state }) => state === 'ready').length;
  const counted = own.filter(({ state }) => state !== 'not here').length;
  const shown = own.filter(({ state }) => state !== 'ready');
  return [
    paint('bold', `${FAMILIES[family]}: ${good} of ${counted} ok`),
    ...shown.flatMap(({ state, title, evidence, objective, command }) => [
      `  ${painted(state, paint)}  ${title}: ${evidence} (wanted: ${objective})`,
      ...(command === undefined ? [] : [`      → ${command}`]),
    ]),
    '',
  ];
}

const CALENDAR_COLOUR = { done: 'green', overdue: 'red', failed: 'red', never: 'yellow' } as const;

export function calendarText(rows: readonly CalendarRow[], paint: Paint): string {
  return table(
    ['', 'title', 'how often', '', 'last', 'by', 'due', 'command'],
    rows.map(({ kind, id, title, cadence, state, last, dueAt, command }) => [
      kind === 'review' ? 'review' : id,
      title,
      cadence,
      paint(CALENDAR_COLOUR[state], state),
      last === undefined ? 'never' : `${formatTime(last.at)}, ${last.result}`,
      last?.by ?? '',
      dueAt === undefined ? 'now' : dueAt.slice(0, 10),
      command,
    ]),
  );
}

/** `3 d 4 h ago` */
export function agoOf(at: string, now: Date): string {
  return `${formatDuration(Math.max(0, (now.getTime() - Date.parse(at)) / 1000))} ago`;
}
