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
