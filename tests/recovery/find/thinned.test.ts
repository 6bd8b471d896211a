import { expect, test } from 'vitest';
import { Thinned } from '../../../recovery/find/check/commits.ts';

const commit = (n: number) => ({ xid: String(n), lsn: `0/${n.toString(16).toUpperCase()}`, at: n, timeline: 1 });

test('few commits are all kept; of many an even part, with the first and the last', () => {
  const few = new Thinned();
  for (let n = 0; n < 10; n += 1) few.add(commit(n));
  expect(few.result().commits.map(({ at }) => at)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(few.result().complete).toBe(true);
  const many = new Thinned();
  for (let n = 0; n < 100_003; n += 1) many.add(commit(n));
  const { commits, complete } = many.result();
  expect(complete).toBe(false);
  expect(commits.length).toBeLessThanOrEqual(2001);
  expect(commits.length).toBeGreaterThan(900);
  expect(commits[0]?.at).toBe(0);
  expect(commits.at(-1)?.at).toBe(100_002);
  const steps = commits.slice(1, -1).map((each, n) => each.at - (commits[n]?.at ?? 0));
  expect(new Set(steps).size).toBe(1);
});
