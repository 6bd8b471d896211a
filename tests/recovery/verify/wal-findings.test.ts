import { expect, test } from 'vitest';
import { walFindings } from '../../../recovery/verify/wal-findings.ts';
import { postgresCapture } from '../points/point-fixture.ts';

const name = (n: number, timeline = 1): string =>
  [timeline, 0, n].map((part) => part.toString(16).toUpperCase().padStart(8, '0')).join('');

function segments(...ranges: readonly (readonly [number, number])[]): Set<string> {
  return new Set(ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => name(from + i))));
}

/** Three sets: 2–3, 10–11 and 20–21. */
function find(there: ReadonlySet<string>, retainedSince = '2026-01-01T00:00:00Z') {
  const set = (label: string, at: string, start: number) => {
    const capture = postgresCapture(at, { set: label, walStart: name(start), walStop: name(start + 1) });
    return [label, { capture, points: [`point of ${label}`] }] as const;
  };
  const captures = new Map([
    set('A', '2026-06-01T00:00:00Z', 2),
    set('B', '2026-06-02T00:00:00Z', 10),
    set('C', '2026-06-03T00:00:00Z', 20),
  ]);
  const setStarts = new Set([name(2), name(10), name(20)]);
  const common = { repository: 'local', lineage: 'main-1', segments: there, captures, setStarts };
  const found = walFindings({ ...common, retainedSince: new Date(retainedSince) });
  return found.map(({ code, what, points }) => `${code} ${what.replace(' (main-1)', '')}: ${points.join()}`);
}

test('no gap', () => {
  expect(find(segments([1, 30]))).toEqual([]);
});

test('a gap between two sets is told once, with its length', () => {
  expect(find(segments([1, 5], [8, 30]))).toEqual([`WAL-GAP WAL segments ${name(6)} to ${name(7)}: `]);
  expect(find(segments([1, 12], [14, 30]))).toEqual([`WAL-GAP WAL segment ${name(13)}: `]);
});

test('a segment that a set itself needs makes its points unrestorable', () => {
  expect(find(segments([1, 9], [11, 30]))).toEqual([
    `WAL-MISSING WAL segment ${name(10)}: point of B`,
    `WAL-GAP WAL segment ${name(10)}: `,
  ]);
  expect(find(segments([1, 20], [22, 30]))).toContain(`WAL-MISSING WAL segment ${name(21)}: point of C`);
});

test('what prune cut, from a set that is older than the retention to the beginning of the next, is no gap', () => {
  const cut = segments([2, 3], [10, 11], [20, 30]);
  expect(find(cut, '2026-06-02T12:00:00Z')).toEqual([]);
  // The same hole within the retention.
  expect(find(cut, '2026-06-01T12:00:00Z')).toEqual([`WAL-GAP WAL segments ${name(12)} to ${name(19)}: `]);
  // Nobody cuts in the middle.
  expect(find(segments([2, 3], [9, 30]), '2026-06-02T12:00:00Z')).toEqual([
    `WAL-GAP WAL segments ${name(4)} to ${name(8)}: `,
  ]);
});
