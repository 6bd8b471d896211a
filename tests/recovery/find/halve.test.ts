/** Few copies are asked, and what is found are two neighbours. */
import { expect, test } from 'vitest';
import { halve } from '../../../recovery/find/copies/halve.ts';
import { copiesBetween } from '../../../recovery/find/copies/run.ts';
import { resticCapture } from '../points/point-fixture.ts';

async function search(copies: number, bad: number) {
  const asked: number[] = [];
  const end = await halve(copies, async (index) => {
    asked.push(index);
    return { good: index < bad, said: '' };
  });
  return { end, asked };
}

test.each([
  [2, 1],
  [3, 2],
  [100, 1],
  [100, 63],
  [100, 99],
])('of %d copies number %d is the first bad one', async (copies, bad) => {
  const { end, asked } = await search(copies, bad);
  expect(end).toEqual({ good: bad - 1, bad });
  expect(asked.length).toBeLessThanOrEqual(Math.ceil(Math.log2(copies)) + 2);
  expect(new Set(asked).size).toBe(asked.length);
});

test('nothing lies between two ends that are alike', async () => {
  expect(await search(9, 0)).toEqual({ end: 'wrong early', asked: [0] });
  expect(await search(9, 9)).toEqual({ end: 'right late', asked: [0, 8] });
  expect((await search(1, 1)).end).toBe('right late');
});

test('the copy before the first moment tells how it was then; what is later than the last is not asked', () => {
  const at = (hour: number) => new Date(Date.UTC(2026, 10, 23, hour));
  const copy = (hour: number) => ({ point: `p${hour}`, capture: resticCapture('uploads', at(hour).toISOString()) });
  const found = (from: number, to: number) =>
    copiesBetween([1, 3, 2, 4].map(copy), at(from), at(to)).map(({ point }) => point);
  expect(found(2, 3)).toEqual(['p2', 'p3']);
  expect(found(0, 3)).toEqual(['p1', 'p2', 'p3']);
  expect(found(3, 3)).toEqual(['p3']);
});
