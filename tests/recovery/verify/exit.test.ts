import { expect, test } from 'vitest';
import { exitOf } from '../../../recovery/verify/run.ts';
import type { RepositoryStatus } from '../../../recovery/verify/types.ts';

test.each([
  [['ok', 'ok'], 0],
  [['ok', 'unreachable'], 3],
  [['unusable', 'unreachable'], 2],
  [['ok', 'unusable'], 2],
  [['wrong', 'unusable', 'unreachable'], 5],
] as const)('%j ends %d', (statuses: readonly RepositoryStatus[], exit) => {
  const coverage = { points: 0, sets: 0, walSegments: 0, snapshots: 0 };
  expect(exitOf(statuses.map((status, n) => ({ id: `r${n}`, status, findings: [], coverage, seconds: 0 })))).toBe(exit);
});
