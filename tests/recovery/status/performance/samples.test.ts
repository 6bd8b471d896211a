import { expect, test } from 'vitest';
import { baselineOf, compare, timingOf } from '../../../../recovery/status/performance/samples.ts';

test('median and p95 are by nearest rank, whatever the order', () => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n);
  expect(timingOf(values)).toEqual({ median: 50, p95: 95, samples: 100 });
  expect(timingOf([7])).toEqual({ median: 7, p95: 7, samples: 1 });
});

test('a probe is worse by its median or its p95, and never by noise', () => {
  const baseline = { median: 20, p95: 40 };
  expect(compare({ median: 30, p95: 60, samples: 20 }, baseline, 2)).toEqual({ ratio: 1.5, worse: false });
  expect(compare({ median: 50, p95: 60, samples: 20 }, baseline, 2)).toEqual({ ratio: 2.5, worse: true });
  expect(compare({ median: 20, p95: 200, samples: 20 }, baseline, 2)).toEqual({ ratio: 5, worse: true });
  // Three times as long, and two milliseconds.
  expect(compare({ median: 3, p95: 4, samples: 20 }, { median: 1, p95: 2 }, 2).worse).toBe(false);
});

test('the baseline is the middle of the good days', () => {
  const days = [10, 12, 300].map((median) => ({ median, p95: 2 * median, samples: 20 }));
  expect(baselineOf(days)).toEqual({ median: 12, p95: 24 });
  expect(baselineOf([])).toBeUndefined();
});
