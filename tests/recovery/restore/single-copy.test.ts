import { expect, test } from 'vitest';
import type { CatalogEntry } from '../../../recovery/points/catalog/catalog.ts';
import { resolveTarget } from '../../../recovery/points/resolve/resolve.ts';
import { parseTarget } from '../../../recovery/points/target.ts';
import { resolveInSingleCopy } from '../../../recovery/restore/single-copy.ts';
import { entryAt } from '../points/entry-fixture.ts';
import { postgresCapture, resticCapture } from '../points/point-fixture.ts';

const NOW = new Date('2026-11-25T00:00:00Z');
const [FIRST, SECOND] = ['2026-11-08T02:00:00Z', '2026-11-15T02:00:00Z'];

function weekly(time: string, ...workloads: string[]): CatalogEntry {
  const minute = (n: number): string => new Date(Date.parse(time) + n * 60_000).toISOString();
  return entryAt(time, [postgresCapture(minute(1)), ...workloads.map((w, n) => resticCapture(w, minute(n + 2)))]);
}

function resolved(target: string, entries: readonly CatalogEntry[]) {
  const resolve = (among: readonly CatalogEntry[]) =>
    resolveTarget({
      repository: 'offsite',
      entries: among,
      target: parseTarget(target, NOW),
      workloads: ['postgres', 'uploads', 'manifests'],
      now: NOW,
    });
  return resolveInSingleCopy(entries, resolve);
}

const COPIES = [weekly(FIRST, 'uploads', 'manifests'), weekly(SECOND, 'uploads')];

test('everything comes from the newest copy, though an older one has what it lacks', () => {
  const { point, resolution } = resolved('latest', COPIES);
  expect(point).toBe(COPIES[1]?.point.id);
  expect(resolution.items.map((item) => item.workload)).toEqual(['postgres', 'uploads']);
  expect(resolution.missing).toEqual(['manifests']);
});

test.each([
  ['2026-11-16T00:00:00Z', 1],
  ['2026-11-14T00:00:00Z', 0],
  // While the newer one was being made: its database is not after that moment, its files are.
  ['2026-11-15T02:01:30Z', 0],
])('%s is told from copy %i', (time, n) => {
  expect(resolved(time, COPIES).point).toBe(COPIES[n]?.point.id);
});

test('a point by its id; what is refused is refused with all that is known', () => {
  const id = COPIES[0]?.point.id ?? '';
  expect(resolved(id, COPIES).resolution.items.map((item) => item.point)).toEqual([id, id, id]);
  expect(() => resolved('2026-11-01T00:00:00Z', COPIES)).toThrow(expect.objectContaining({ exit: 2 }));
  const unknown = expect.objectContaining({ hint: expect.stringContaining(COPIES[1]?.point.id ?? '') });
  expect(() => resolved('20261115T020000Z-full-1111', COPIES)).toThrow(unknown);
});
