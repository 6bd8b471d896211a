/**
 * The drill's timeline as an inline SVG: a lane for each tier, from the disaster to the verified tier, and below it a bar for each step of
 * that tier. One sees what took the time, and what ran beside what.
 */
import { formatDuration } from '../../plan/duration.ts';
import type { DrillReport, TimelineEvent } from './types.ts';

const WIDTH = 960;
const LEFT = 230;
const RIGHT = 90;
const LANE = 32;
const STEP = 18;
/** Letters of a step's name beside its bar. */
const LONGEST_NAME = 34;
const TOP = 24;

export function escapeXml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** At most eight ticks, at 1, 2 or 5 times a power of ten up to a minute, at round minutes and hours above. */
export function tickSeconds(span: number): number {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];
  return steps.find((step) => span / step <= 8) ?? Math.ceil(span / 8 / 86_400) * 86_400;
}

interface Row {
  readonly lane: string;
  /** Absent for the tier itself. */
  readonly step?: TimelineEvent & { readonly beganSeconds: number };
  readonly top: number;
  readonly height: number;
}

type Scale = (offset: number) => number;

const isStep = (event: TimelineEvent): event is TimelineEvent & { readonly beganSeconds: number } =>
  event.beganSeconds !== undefined;

/** Each lane, then its steps in the order in which they began. */
function rowsOf(report: DrillReport): Row[] {
  let top = TOP;
  const row = (facts: Omit<Row, 'top'>): Row => {
    const own = { ...facts, top };
    top += facts.height;
    return own;
  };
  return ['', ...report.tiers.map(({ id }) => id)].flatMap((lane) => {
    const steps = report.timeline
      .filter((event) => (event.tier ?? '') === lane)
      .filter(isStep)
      .toSorted((a, b) => a.beganSeconds - b.beganSeconds);
    return [row({ lane, height: LANE }), ...steps.map((step) => row({ lane, step, height: STEP }))];
  });
}

export function timelineSvg(report: DrillReport): string {
  const offsets = report.timeline.flatMap(({ offsetSeconds, beganSeconds = offsetSeconds }) => [
    offsetSeconds,
    beganSeconds,
  ]);
  const ready = report.tiers.map((tier) => offsetOf(report, tier.readyAt)).filter((offset) => offset !== undefined);
  const from = Math.min(0, ...offsets);
  const to = Math.max(1, ...offsets, ...ready);
  const x: Scale = (offset) => round(LEFT + ((offset - from) / (to - from)) * (WIDTH - LEFT - RIGHT));
  const rows = rowsOf(report);
  const height = rows.reduce((sum, row) => sum + row.height, TOP) + 26;

  const body = [
    ...axis(from, to, x, height),
    `<line class="disaster" x1="${x(0)}" y1="${TOP - 6}" x2="${x(0)}" y2="${height - 22}"/>`,
    `<text class="disaster-label" x="${x(0)}" y="${TOP - 10}" text-anchor="middle">disaster</text>`,
    ...rows.flatMap((row) => (row.step === undefined ? laneShapes(report, row, x) : stepShapes(row.step, row, x))),
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

function axis(from: number, to: number, x: Scale, height: number): string[] {
  const step = tickSeconds(to - from);
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, n) => round((first + n) * step)).flatMap((tick) => [
    `<line class="grid" x1="${x(tick)}" y1="${TOP}" x2="${x(tick)}" y2="${height - 22}"/>`,
    `<text class="tick" x="${x(tick)}" y="${height - 6}" text-anchor="middle">${escapeXml(formatDuration(tick))}</text>`,
  ]);
}

/** Events without a tier share the first lane; a tier's bar ends where it was verified. */
function laneShapes(report: DrillReport, { lane, top }: Row, x: Scale): string[] {
  const middle = top + LANE / 2;
  const tier = report.tiers.find((each) => each.id === lane);
  const events = report.timeline.filter((event) => (event.tier ?? '') === lane && !isStep(event));
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

function stepShapes(step: TimelineEvent & { readonly beganSeconds: number }, { top }: Row, x: Scale): string[] {
  const { beganSeconds, offsetSeconds, event, detail } = step;
  const middle = top + STEP / 2;
  const took = formatDuration(Math.max(0, offsetSeconds - beganSeconds));
  const text = [event, `${formatDuration(beganSeconds)} to ${formatDuration(offsetSeconds)}`, took, detail];
  const name = event.length > LONGEST_NAME ? `${event.slice(0, LONGEST_NAME - 1)}…` : event;
  const width = Math.max(1, round(x(offsetSeconds) - x(beganSeconds)));
  return [
    `<text class="step-name" x="${LEFT - 12}" y="${middle + 4}" text-anchor="end">${escapeXml(name)}</text>`,
    `<rect class="bar step" x="${x(beganSeconds)}" y="${middle - 5}" width="${width}" height="10" rx="2"><title>${escapeXml(text.filter(Boolean).join(' · '))}</title></rect>`,
    `<text class="step-took" x="${x(offsetSeconds) + 6}" y="${middle + 4}">${escapeXml(took)}</text>`,
  ];
}

function eventDot(event: TimelineEvent, middle: number, x: Scale): string {
  const text = [formatDuration(event.offsetSeconds), event.event, event.detail].filter(Boolean).join(' · ');
  return `<circle class="event" cx="${x(event.offsetSeconds)}" cy="${middle}" r="4"><title>${escapeXml(text)}</title></circle>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
