import { Cron } from 'croner';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cronProblem, isWeekly, runs } from '../../plan/cron.ts';

test.each([
  ['0 2 * * *'],
  ['0 * * * *'],
  ['0 3 * * 0'],
  ['*/15 * * * *'],
  ['5,35 8-18/2 1 JAN,jul MON-FRI'],
  ['0 0 29 2 *'],
])('"%s" is an expression', (expression) => {
  expect(cronProblem(expression)).toBeUndefined();
});

test.each([
  ['60 * * * *', /"60" is not a valid minute/],
  ['0 25 * * *', /"25" is not a valid hour/],
  ['0 2 0 * *', /"0" is not a valid day of month/],
  ['0 2 L * *', /"L" is not a valid day of month/],
  ['0 2 15W * *', /"15W" is not a valid day of month/],
  ['0 2 * 13 *', /"13" is not a valid month/],
  ['0 2 * * 8', /"8" is not a valid day of week/],
  ['0 2 * * 1#2', /"1#2" is not a valid day of week/],
  ['? 2 * * *', /"\?" is not a valid minute/],
  ['*/0 * * * *', /"\*\/0" is not a valid minute/],
  ['5-1 * * * *', /"5-1" is not a valid minute/],
  ['60 25 * * *', /"60" is not a valid minute, "25" is not a valid hour/],
  ['0 2 31 2 *', /never runs/],
  ['* * * * * *', /has 6 fields, wanted 5/],
  ['@daily', /has 1 field, wanted 5/],
  ['', /has 0 fields/],
])('"%s" is none: %s', (expression, fact) => {
  expect(cronProblem(expression)).toMatch(fact);
});

const minute = fc.oneof(fc.constant('*/20'), fc.nat(59).map(String));
const hour = fc.oneof(fc.constant('*'), fc.constant('*/6'), fc.nat(23).map(String));
const day = fc.oneof(fc.constant('*'), fc.integer({ min: 1, max: 28 }).map(String));
const month = fc.oneof(fc.constant('*'), fc.constant('1,2'));
const weekday = fc.oneof(fc.constant('*'), fc.nat(6).map(String), fc.constant('1-5'));
const expressions = fc.tuple(minute, hour, day, month, weekday).map((fields) => fields.join(' '));

test('runs are those that the parser names one after another', () => {
  const from = new Date(Date.UTC(2026, 0, 4) - 1);
  fc.assert(
    fc.property(expressions, (expression) => {
      const found = runs(expression, 40);
      const one = new Cron(expression, { timezone: 'UTC', mode: '5-part', paused: true }).nextRuns(30, from);
      const until = Date.UTC(2026, 0, 4) + 40 * 86_400_000;
      expect(found.slice(0, 30)).toEqual(one.map((date) => date.getTime()).filter((time) => time < until));
    }),
    { numRuns: 60 },
  );
});

test('weekly are those with every day and every month', () => {
  expect([isWeekly('0 3 * * 0'), isWeekly('0 3 1 * *'), isWeekly('0 3 * 6 *')]).toEqual([true, false, false]);
});
