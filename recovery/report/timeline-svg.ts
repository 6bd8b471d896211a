/** The drill's timeline as an inline SVG: a lane for each tier, from the disaster to the verified tier. */
import { formatDuration } from '../../plan/duration.ts';
import type { DrillReport, TimelineEvent } from './types.ts';

const WIDTH = 960;
const LEFT = 110;
const RIGHT = 90;
const LANE = 36;
const TOP = 24;

function escapeXml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** At most eight ticks, at 1, 2 or 5 times a power of ten up to a minute, at round minutes and hours above. */
export function tickSeconds(span: number): number {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];
  return steps.find((step) => span / step <= 8) ?? Math.ceil(span / 8 / 86_400) * 86_400;
}

export function timelineSvg(report: DrillReport): string {
  const offsets = report.timeline.map((event) => event.offsetSeconds);
  const ready = report.tiers.map((tier) => offsetOf(report, tier.readyAt)).filter((offset) => offset !== undefined);
  const from = Math.min(0, ...offsets);
  const to = Math.max(1, ...offsets, ...ready);
  const x = (offset: number): number => round(LEFT + ((offset - from) / (to - from)) * (WIDTH - LEFT - RIGHT));
  const lanes = ['', ...report.tiers.map((tier) => tier.id)];
  const height = TOP + lanes.length * LANE + 26;

  const body = [
    ...axis(from, to, x, height),
    `<line class="disaster" x1="${x(0)}" y1="${TOP - 6}" x2="${x(0)}" y2="${height - 22}"/>`,
    `<text class="disaster-label" x="${x(0)}" y="${TOP - 10}" text-anchor="middle">disaster</text>`,
    ...lanes.flatMap((lane, n) => laneShapes(report, lane, TOP + n * LANE, x)),
  ];
  const title =
    report.kind === 'RebuildReport' ? 'Timeline of the rebuild' : `Timeline of the drill ${report.scenario}`;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}" class="timeline">`,
    ...body,
    '</svg>',
  ].join('\n');
}

function offsetOf(report: DrillReport, at: string | undefined): number | undefined {
  return at === undefined ? undefined : (Date.parse(at) - Date.parse(report.disasterAt)) / 1000;
}

function axis(from: number, to: number, x: (offset: number) => number, height: number): string[] {
  const step = tickSeconds(to - from);
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, n) => round((first + n) * step)).flatMap((tick) => [
    `<line class="grid" x1="${x(tick)}" y1="${TOP}" x2="${x(tick)}" y2="${height - 22}"/>`,
    `<text class="tick" x="${x(tick)}" y="${height - 6}" text-anchor="middle">${escapeXml(formatDuration(tick))}</text>`,
  ]);
}

/** Events without a tier share the first lane; a tier's bar ends where it was verified. */
function laneShapes(report: DrillReport, lane: string, top: number, x: (offset: number) => number): string[] {
  const middle = top + LANE / 2;
  const tier = report.tiers.find((each) => each.id === lane);
  const events = report.timeline.filter((event) => (event.tier ?? '') === lane);
  const shapes = [
    `<text class="lane" x="${LEFT - 12}" y="${middle + 4}" text-anchor="end">${escapeXml(lane || 'all')}</text>`,
  ];
  const readyAt = offsetOf(report, tier?.readyAt);
  if (tier !== undefined && readyAt !== undefined) {
    const state = tier.rto.met ? 'met' : 'missed';
    const width = Math.max(1, round(x(readyAt) - x(0)));
    shapes.push(
      `<rect class="bar ${state}" x="${x(0)}" y="${middle - 9}" width="${width}" height="18" rx="3"/>`,
      `<text class="took" x="${x(readyAt) + 8}" y="${middle + 4}">${escapeXml(formatDuration(readyAt))}</text>`,
    );
  }
  return [...shapes, ...events.map((event) => eventDot(event, middle, x))];
}

function eventDot(event: TimelineEvent, middle: number, x: (offset: number) => number): string {
  const text = [formatDuration(event.offsetSeconds), event.event, event.detail].filter(Boolean).join(' · ');
  return `<circle class="event" cx="${x(event.offsetSeconds)}" cy="${middle}" r="4"><title>${escapeXml(text)}</title></circle>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
