import { expect, test } from 'vitest';
import { longestChain } from '../../bench/critical-path.ts';

test('the longest chain counts what each of it took, not what it waited for', () => {
  const chain = longestChain([
    { urn: 'a', start: 0, end: 10, after: [] },
    { urn: 'b', start: 30, end: 35, after: ['a'] },
    { urn: 'c', start: 10, end: 29, after: [] },
    { urn: 'd', start: 40, end: 42, after: ['b', 'c', 'unknown'] },
  ]);
  expect(chain).toEqual({ milliseconds: 21, urns: ['c', 'd'] });
});
