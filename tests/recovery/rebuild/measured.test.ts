/** What a rebuild has measured says how much data it had: the ETA of the next one grows with the data. */
import { expect, test } from 'vitest';
import { productionPlan as plan } from '../../../plan/production.ts';
import { expectedBack } from '../../../recovery/incident/eta.ts';
import { measuredRate } from '../../../recovery/readiness/forecast.ts';
import { bytesUpTo } from '../../../recovery/rebuild/data/verifier.ts';
import { measurementsOf } from '../../../recovery/rebuild/report.ts';
import type { RebuildOutcome } from '../../../recovery/rebuild/types.ts';
import type { DrillReport } from '../../../recovery/report/types.ts';
import { entryAt } from '../points/entry-fixture.ts';
import { resticCapture } from '../points/point-fixture.ts';

const at = new Date('2026-11-23T02:00:00Z');

test('the newest copy of each workload at the point, and none of a forged or later one', () => {
  const copy = (workload: string, bytes: number) => resticCapture(workload, at.toISOString(), { bytes });
  const entries = [
    entryAt('2026-11-20T02:00:00Z', [copy('uploads', 100), copy('assets', 7)]),
    entryAt('2026-11-21T02:00:00Z', [copy('uploads', 300)]),
    entryAt('2026-11-21T03:00:00Z', [copy('uploads', 9_000)], { trust: 'tampered' }),
    entryAt('2026-11-22T02:00:00Z', [copy('uploads', 5_000)]),
  ];
  expect(bytesUpTo(entries, entries[1]?.outline.id ?? '')).toBe(307);
  expect(bytesUpTo(entries, entries[3]?.outline.id ?? '')).toBe(5_007);
});

test('a rebuild with 300 MB in 10 minutes is expected to take 30 with 900', () => {
  const tier = { id: 'P1', rto: { measuredSeconds: 600 }, rpo: {}, readyAt: at.toISOString() };
  const report = { tiers: [tier], endedAt: at.toISOString() } as unknown as DrillReport;
  const outcome = {
    checks: [{ ok: true, bytes: 300e6, databaseBytes: 200e6 }],
    timeline: [],
    tiers: [],
    plan: { from: 'a-point', repository: 'secondary' },
  } as unknown as RebuildOutcome;
  const measurements = measurementsOf(report, outcome);
  expect(measurements).toMatchObject([{ tier: 'P1', rtoSeconds: 600, bytes: 300e6 }]);
  const facts = { plan, measurements, severity: 'P1', declaredAt: at } as const;
  expect(expectedBack({ ...facts, bytesNow: 900e6 })).toMatch(/^2026-11-23 02:30:00 UTC/);
  expect(expectedBack({ ...facts, bytesNow: 300e6 })).toMatch(/^2026-11-23 02:10:00 UTC/);
});

test.each([
  ['the database came up in 100 s', [{ event: 'StatefulSet/postgres is ready', beganAt: 0, at: 100 }], 2e6],
  ['another store did', [{ event: 'StatefulSet/redis is ready', beganAt: 0, at: 100 }], undefined],
  ['an interrupted run had begun it', [{ event: 'StatefulSet/postgres is ready', at: 100 }], undefined],
  ['it failed', [{ event: 'StatefulSet/postgres failed', beganAt: 0, at: 100 }], undefined],
])('the rate for the forecast: %s', (_, events, rate) => {
  const time = (seconds: number | undefined) =>
    seconds === undefined ? undefined : new Date(at.getTime() + seconds * 1000).toISOString();
  const tier = { id: 'P1', rto: { measuredSeconds: 600 }, rpo: {}, readyAt: at.toISOString() };
  const outcome = {
    checks: [{ ok: true, bytes: 300e6, databaseBytes: 200e6 }],
    timeline: events.map((event) => ({
      ...event,
      at: time(event.at),
      beganAt: time('beganAt' in event ? 0 : undefined),
    })),
    tiers: [],
    plan: { from: 'a-point', repository: 'secondary' },
  } as unknown as RebuildOutcome;
  const report = { tiers: [tier], endedAt: at.toISOString() } as unknown as DrillReport;
  const measurements = measurementsOf(report, outcome);
  expect(measuredRate(measurements)?.bytesPerSecond).toBe(rate);
});
