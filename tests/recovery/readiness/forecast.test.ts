import { expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import { forecastTiers, measuredRate } from '../../../recovery/readiness/forecast.ts';
import { aDrill, aRepository, daysAgo, NOW } from './facts-fixture.ts';

const GB = 1e9;
/** PostgreSQL alone, as large as `bytes` says on that day. */
const grown = (bytes: (daysAgo: number) => number) =>
  aRepository('local', {
    sizes: [40, 30, 20, 10, 0].map((days) => ({ workload: 'postgres', at: daysAgo(days), bytes: bytes(days) })),
  });
const drills = aDrill('complete-failure', daysAgo(1)).map((each) => ({ ...each, bytesPerSecond: GB / 100 }));
const p1 = (repositories: Parameters<typeof forecastTiers>[0]['repositories'], measurements = drills) =>
  forecastTiers({ plan: productionPlan, repositories, measurements, now: NOW })[0];

test('the size of today by the measured rate, and the day when it is too much', () => {
  // 100 s a GB: 2 h are 72 GB. 60 GB today, 1 GB more each day.
  const found = p1([grown((days) => (60 - days) * GB)]);
  expect(found?.forecastSeconds).toBeCloseTo(6000);
  expect(found?.bytesPerDay).toBeCloseTo(GB);
  expect(found?.missedOn).toBe('2026-12-12');
});

test('data that shrinks or stands is never missed; what is too much already is missed today', () => {
  expect(p1([grown(() => 60 * GB)])?.missedOn).toBeUndefined();
  expect(p1([grown((days) => (30 + days) * GB)])?.missedOn).toBeUndefined();
  expect(p1([grown(() => 80 * GB)])?.missedOn).toBe('2026-11-30');
});

test('a growth of less than a week is not known, and no rate is no forecast', () => {
  const young = aRepository('local', {
    sizes: [2, 1, 0].map((days) => ({ workload: 'postgres', at: daysAgo(days), bytes: GB * (10 - days) })),
  });
  expect(p1([young])).toMatchObject({ bytes: 10 * GB, forecastSeconds: 1000 });
  expect(p1([young])).not.toHaveProperty('bytesPerDay');
  expect(p1([young], [])).not.toHaveProperty('forecastSeconds');
});

test('a tier waits for the tiers before it, and a second form of the data is not laid down', () => {
  const sizes = ['postgres', 'postgres-dump', 'redis'].map((workload) => ({ workload, at: NOW, bytes: GB }));
  const tiers = forecastTiers({
    plan: productionPlan,
    repositories: [aRepository('local', { sizes })],
    measurements: drills,
    now: NOW,
  });
  expect(tiers[0]?.bytes).toBe(2 * GB);
  expect(tiers[3]?.bytes).toBeGreaterThanOrEqual(2 * GB);
});

test('of a restore and a drill the slower rate counts, each by its newest', () => {
  const restore = {
    ...drills[0],
    source: 'restore' as const,
    what: 'restore',
    at: NOW.toISOString(),
    tier: 'P1',
    bytesPerSecond: 5,
  };
  expect(measuredRate([...drills, restore])?.what).toBe('restore');
  expect(measuredRate([...drills, { ...restore, bytesPerSecond: 5e12 }])?.what).toBe('drill complete-failure');
  expect(measuredRate([])).toBeUndefined();
});
