/** What a stack shows for itself: its state may be new, its generation and its database are declared and running. */
import { expect, test } from 'vitest';
import { isProvenByStack } from '../../../recovery/backup/stranger.ts';
import { entryAt } from '../points/entry-fixture.ts';
import { postgresCapture, resticCapture } from '../points/point-fixture.ts';

const [FIRST, SECOND] = ['7300000000000000001', '7300000000000000002'];
const copyOf = (day: number, lineage: string, systemId: string) => {
  const at = `2026-11-0${day}T02:00:00Z`;
  return entryAt(at, [postgresCapture(at, { lineage, systemId })]);
};

const third = copyOf(1, 'local-3', FIRST);
const fourth = copyOf(2, 'local-4', FIRST);
const entries = [third, fourth];
const proven = (generation: number, systemId?: string) =>
  isProvenByStack(
    { name: 'local', generation, ...(systemId === undefined ? {} : { systemId }) },
    fourth.point,
    entries,
  );

test('a later generation takes over, whatever its server says', () => {
  expect(proven(5)).toBe(true);
  expect(proven(5, SECOND)).toBe(true);
});

test('the same generation is the very cluster that was backed up, or one that can’t be asked yet', () => {
  expect(proven(4, FIRST)).toBe(true);
  expect(proven(4)).toBe(true);
  expect(proven(4, SECOND)).toBe(false);
});

test('an earlier generation that still runs beside its copy continues its backups', () => {
  expect(proven(3, FIRST)).toBe(true);
  expect(proven(3, SECOND)).toBe(false);
  expect(proven(3)).toBe(false);
  // Of this one nobody has a copy.
  expect(proven(2, FIRST)).toBe(false);
});

test('a point of stores without a database names no generation, and one that was altered proves nothing', () => {
  const at = '2026-11-03T02:00:00Z';
  const stores = entryAt(at, [resticCapture('uploads', at)]);
  expect(isProvenByStack({ name: 'local', generation: 3, systemId: FIRST }, stores.point, entries)).toBe(true);
  const altered = [{ ...third, trust: 'tampered' as const }, fourth];
  expect(isProvenByStack({ name: 'local', generation: 3, systemId: FIRST }, fourth.point, altered)).toBe(false);
});
