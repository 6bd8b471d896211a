import { expect, test } from 'vitest';
import { tickSeconds, timelineSvg } from '../../../recovery/report/timeline-svg.ts';
import { sampleReport } from './sample-report.ts';

test.each([
  [1, 0.2],
  [60, 10],
  [180, 30],
  [7200, 900],
  [86_400, 14_400],
  [30 * 86_400, 4 * 86_400],
])('%d seconds are divided by ticks of %d', (span, tick) => {
  expect(tickSeconds(span)).toBe(tick);
});

test('every number in the drawing is finite and inside of it', () => {
  const svg = timelineSvg(sampleReport());
  expect(svg).not.toMatch(/NaN|Infinity/);
  const xs = [...svg.matchAll(/\b(?:cx|x|x1|x2)="([-\d.]+)"/g)].map((match) => Number(match[1]));
  expect(xs.length).toBeGreaterThan(10);
  for (const x of xs) expect(x).toBeGreaterThanOrEqual(0);
  for (const x of xs) expect(x).toBeLessThanOrEqual(960);
});

test('a missed objective has a bar of its own kind, and an empty drill still draws', () => {
  const report = sampleReport();
  const [tier] = report.tiers;
  if (!tier) throw new Error('the sample has tiers');
  const missed = { ...tier, rto: { ...tier.rto, met: false } };
  expect(timelineSvg({ ...report, tiers: [missed] })).toContain('class="bar missed"');
  expect(timelineSvg({ ...report, tiers: [], timeline: [] })).toMatch(/^<svg[\s\S]+<\/svg>$/);
});

test('a step is a bar from its begin to its end, below its tier, in the order of the begins', () => {
  const step = (event: string, beganSeconds: number, offsetSeconds: number) => {
    return { at: '2026-11-23T02:01:30.000Z', tier: 'P1', event, beganSeconds, offsetSeconds };
  };
  const late = step('replay WAL', 20, 40);
  const svg = timelineSvg(sampleReport({ timeline: [late, step('copy postgres', 0, 20), step('copy redis', 0, 40)] }));
  expect([...svg.matchAll(/class="step-name"[^>]*>([^<]*)</g)].map(([, name]) => name)).toEqual([
    'copy postgres',
    'copy redis',
    'replay WAL',
  ]);
  const bars = [...svg.matchAll(/class="bar step" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"/g)].map((bar) =>
    bar.slice(1).map(Number),
  );
  const [copy = [], redis = [], replay = []] = bars;
  // Both copies begin together; the replay begins where the first copy ends; none lies on another.
  expect(copy[0]).toBe(redis[0]);
  expect(replay[0]).toBeCloseTo((copy[0] ?? 0) + (copy[2] ?? 0), 1);
  expect(redis[2]).toBeCloseTo((copy[2] ?? 0) * 2, 1);
  expect(new Set(bars.map(([, y]) => y)).size).toBe(3);
  expect(svg).not.toContain('class="event"');
  const height = Number(/viewBox="0 0 960 (\d+)"/.exec(svg)?.[1]);
  for (const [, y = 0] of bars) expect(y + 10).toBeLessThan(height);
});
