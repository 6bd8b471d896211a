import { expect, test } from 'vitest';
import { productionPlan } from '../../../../plan/production.ts';
import { lastDue } from '../../../../recovery/status/monitor/expected-runs.ts';

const due = lastDue(productionPlan);
const at = (schedule: string, now: string): string | undefined => due(schedule, new Date(now))?.toISOString();

test.each([
  // 90 minutes for the run, and two of slack.
  ['daily', '2026-11-24T03:31:00Z', '2026-11-23T02:00:00.000Z'],
  ['daily', '2026-11-24T03:33:00Z', '2026-11-24T02:00:00.000Z'],
  ['hourly', '2026-11-24T12:16:00Z', '2026-11-24T11:00:00.000Z'],
  ['hourly', '2026-11-24T12:18:00Z', '2026-11-24T12:00:00.000Z'],
  ['redis', '2026-11-24T12:21:00Z', '2026-11-24T12:00:00.000Z'],
  ['redis', '2026-11-24T12:23:00Z', '2026-11-24T12:15:00.000Z'],
  // At the turn of a week and of a year.
  ['redis', '2026-11-22T00:01:00Z', '2026-11-21T23:45:00.000Z'],
  ['daily', '2027-01-01T00:00:00Z', '2026-12-31T02:00:00.000Z'],
])('%s at %s: the run of %s must be done', (schedule, now, expected) => {
  expect(at(schedule, now)).toBe(expected);
});

test('a run that the full backup covers is none that is due, and one that waits for it is due later', () => {
  // 02:00 is skipped; 03:00 waits until 03:30 and takes 15 minutes.
  expect(at('hourly', '2026-11-24T03:46:00Z')).toBe('2026-11-24T01:00:00.000Z');
  expect(at('hourly', '2026-11-24T03:48:00Z')).toBe('2026-11-24T03:00:00.000Z');
});

test('a schedule that does not repeat by the week', () => {
  const schedules = productionPlan.schedules.map((each) =>
    each.id === 'daily' ? { ...each, cron: '0 2 1 * *' } : each,
  );
  const monthly = lastDue({ ...productionPlan, schedules });
  expect(monthly('daily', new Date('2026-11-24T12:00:00Z'))?.toISOString()).toBe('2026-11-01T02:00:00.000Z');
  expect(monthly('daily', new Date('2026-12-01T03:00:00Z'))?.toISOString()).toBe('2026-11-01T02:00:00.000Z');
  expect(monthly('unknown', new Date('2026-12-01T03:00:00Z'))).toBeUndefined();
});
