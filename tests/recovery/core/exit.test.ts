import { expect, test } from 'vitest';
import { EXIT, type ExitCode } from '../../../recovery/core/errors.ts';
import { exitFor, gravestOf } from '../../../recovery/core/exit.ts';

test('nothing that is true is exit 0', () => {
  expect(exitFor({})).toBe(0);
  expect(exitFor({ partial: false, verificationFailed: false })).toBe(0);
  expect(gravestOf([])).toBe(0);
  expect(gravestOf([0, 0])).toBe(0);
});

test('each outcome has its exit code, and every code but 0 an outcome', () => {
  const { ok: _, ...outcomes } = EXIT;
  for (const [outcome, exit] of Object.entries(outcomes)) {
    expect([outcome, exitFor({ [outcome]: true })]).toEqual([outcome, exit]);
    expect(gravestOf([0, exit])).toBe(exit);
  }
});

test.each([
  ['wrong data is worse than a missing key', { verificationFailed: true, usage: true, partial: true }, 5],
  ['a missing key is worse than an unreachable repository', { usage: true, partial: true }, 2],
  ['wrong data is worse than a late recovery', { verificationFailed: true, objectiveMissed: true }, 5],
  ['no backup at all is worse than a lost repository', { failure: true, partial: true }, 1],
  ['skipped manifests are worse than a late recovery', { partial: true, objectiveMissed: true }, 3],
])('%s', (_, outcomes, exit) => {
  expect(exitFor(outcomes)).toBe(exit);
});

test.each<[readonly ExitCode[], ExitCode]>([
  [[0, 4, 3], 3],
  [[4, 5, 3], 5],
  [[5, 1, 0], 1],
  [[1, 130], 130],
])('of %j the gravest is %d', (exits, gravest) => {
  expect(gravestOf(exits)).toBe(gravest);
});
