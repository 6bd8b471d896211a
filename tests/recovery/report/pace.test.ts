import { expect, test } from 'vitest';
import { paceWords, secondsLeft } from '../../../recovery/report/pace.ts';
import { painter } from '../../../recovery/report/paint.ts';
import { progressLine } from '../../../recovery/report/progress.ts';

test.each([
  [{ fraction: 0.25, seconds: 60 }, 180, 'about 3 min left'],
  [{ fraction: 0.25, seconds: 60, bytes: 2_400_000_000 }, 180, '10.0 MB/s, about 3 min left'],
  [{ fraction: 1, seconds: 60 }, 0, 'ending'],
  // Too early, or nothing moved yet.
  [{ fraction: 0.5, seconds: 1 }, undefined, ''],
  [{ fraction: 0, seconds: 60 }, undefined, ''],
] as const)('the pace of %o', (pace, left, words) => {
  expect(secondsLeft(pace)).toBe(left);
  expect(paceWords(pace)).toBe(words);
});

test('a line of progress has the rate and the time that is left', () => {
  const event = { step: 's', title: 'copy files', state: 'progress', fraction: 0.25, bytes: 2_400_000_000 } as const;
  const line = progressLine(event, new Date('2026-11-23T02:00:07Z'), painter({ color: false }), 60);
  expect(line).toBe('2026-11-23T02:00:07Z progress copy files · 25% · 10.0 MB/s, about 3 min left');
});
