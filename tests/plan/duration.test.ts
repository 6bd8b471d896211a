import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Duration, durationProblem, exactDuration, formatDuration, seconds } from '../../plan/duration.ts';

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 };
const SHOWN: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 };

test.each([
  [0.4, '0.4 s'],
  [0, '0 s'],
  [41, '41 s'],
  [59.96, '1 min'],
  [90, '1 min 30 s'],
  [4320, '1 h 12 min'],
  [14_400, '4 h'],
  [86_400, '24 h'],
  [172_800, '2 d'],
  [90 * 86_400, '90 d'],
  [4003.4, '1 h 7 min'],
  [-41, '-41 s'],
  [Number.POSITIVE_INFINITY, 'unbounded'],
])('%d seconds read "%s"', (value, text) => {
  expect(formatDuration(value)).toBe(text);
});

test('exact durations keep their seconds, so that a sum over one hour is never shown as one hour', () => {
  expect(exactDuration(3605)).toBe('1 h 5 s');
  expect(formatDuration(3605)).toBe('1 h');
});

test('a number of a unit is that many of it', () => {
  const unit = fc.constantFrom(...(Object.keys(UNITS) as (keyof typeof UNITS)[]));
  fc.assert(
    fc.property(fc.nat(100_000), unit, (count, name) => {
      expect(seconds(`${count}${name}`)).toBe(count * UNITS[name]);
    }),
  );
});

test('an exact duration, read back, is the same number of seconds', () => {
  fc.assert(
    fc.property(fc.nat(400 * 86_400), (value) => {
      const words = exactDuration(value).split(' ');
      const sum = words.reduce(
        (all, word, n) => (n % 2 === 0 ? all + Number(word) * (SHOWN[words[n + 1] ?? ''] ?? Number.NaN) : all),
        0,
      );
      expect(sum).toBe(value);
    }),
  );
});

test.each([
  ['4', /"4" has no unit/],
  [4, /^4 has no unit/],
  ['-4h', /"-4h" is negative/],
  [Number.NaN, /NaN is not a number/],
  ['NaNh', /"NaNh" is not a number/],
  ['4 hours', /"4 hours" is not a duration/],
  ['4h\n', /"4h\\n" is not a duration/],
  ['', /"" is not a duration/],
  ['1e3s', /"1e3s" is not a duration/],
  ['Infinityh', /is not a duration/],
])('%j is refused: %s', (value, fact) => {
  expect(durationProblem(value)).toMatch(fact);
  expect(() => seconds(value as Duration)).toThrow(RangeError);
});
