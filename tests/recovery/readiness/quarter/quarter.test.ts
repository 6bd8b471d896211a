import { expect, test } from 'vitest';
import { lastQuarter, parseQuarter } from '../../../../recovery/readiness/quarter/quarter.ts';

const NOW = new Date('2026-11-30T12:00:00Z');

test('the last quarter that has ended, over the turn of a year too', () => {
  expect(lastQuarter(NOW).name).toBe('2026-Q3');
  expect(lastQuarter(new Date('2027-01-01T00:00:00Z'))).toEqual({
    name: '2026-Q4',
    from: new Date('2026-10-01T00:00:00Z'),
    until: new Date('2027-01-01T00:00:00Z'),
  });
});

test('a quarter that is typed, also while it runs', () => {
  expect(parseQuarter('2026-q4', NOW).name).toBe('2026-Q4');
  for (const wrong of ['2026-Q5', 'Q4', '2026', '2027-Q1', '2026-Q44'])
    expect(() => parseQuarter(wrong, NOW), wrong).toThrow(expect.objectContaining({ code: 'QUARTER-WRONG', exit: 2 }));
});
