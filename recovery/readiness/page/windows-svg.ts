/** The recoverable window of each store as a timeline: a row each, a bar for each repository. Pure. */
import { formatDuration } from '../../../plan/duration.ts';
import { escapeXml, tickSeconds } from '../../report/timeline-svg.ts';

export interface StoreWindow {
  readonly workload: string;
  readonly repository: string;
  readonly from: Date;
  readonly to: Date;
}

const WIDTH = 960;
const LEFT = 250;
const RIGHT = 20;
const ROW = 22;
const TOP = 8;
const AXIS = 26;

const round = (value: number): number => Math.round(value * 100) / 100;

/** The span is linear: a bar ends where the newest copy ends, and begins where the oldest one does. */
export function windowsSvg(windows: readonly StoreWindow[], now: Date): string {
  const since = Math.min(now.getTime() - 3_600_000, ...windows.map(({ from }) => from.getTime()));
  const span = now.getTime() - since;
  const x = (at: Date): number => round(LEFT + ((at.getTime() - since) / span) * (WIDTH - LEFT - RIGHT));
  const height = TOP + Math.max(1, windows.length) * ROW + AXIS;
  const step = tickSeconds(span / 1000);
  const ticks = Array.from({ length: Math.floor(span / 1000 / step) + 1 }, (_, n) => n * step);
  const body = [
    ...ticks.flatMap((back) => axis(x(new Date(now.getTime() - back * 1000)), back, height)),
    ...windows.flatMap((window, n) => row(window, { top: TOP + n * ROW, x, now })),
  ];
  return [
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Recoverable window of each store" class="timeline">`,
    ...body,
    '</svg>',
  ].join('\n');
}

function axis(at: number, back: number, height: number): string[] {
  const label = back === 0 ? 'now' : `−${formatDuration(back)}`;
  return [
    `<line class="grid" x1="${at}" y1="${TOP}" x2="${at}" y2="${height - AXIS}"/>`,
    `<text class="tick" x="${at}" y="${height - 8}" text-anchor="${back === 0 ? 'end' : 'middle'}">${escapeXml(label)}</text>`,
  ];
}

function row(
  { workload, repository, from, to }: StoreWindow,
  { top, x, now }: { readonly top: number; readonly x: (at: Date) => number; readonly now: Date },
): string[] {
  const middle = top + ROW / 2;
  const end = to > now ? now : to;
  const width = Math.max(2, round(x(end) - x(from)));
  const title = `${workload} in ${repository}: ${from.toISOString()} to ${to.toISOString()}`;
  return [
    `<text class="lane" x="${LEFT - 12}" y="${middle + 4}" text-anchor="end">${escapeXml(`${workload} · ${repository}`)}</text>`,
    `<rect class="bar window" x="${x(from)}" y="${middle - 7}" width="${width}" height="14" rx="3"><title>${escapeXml(title)}</title></rect>`,
  ];
}
