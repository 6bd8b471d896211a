/** A damaged copy with a good one elsewhere is named. */
import { expect, test } from 'vitest';
import { nameElsewhere } from '../../../recovery/verify/elsewhere.ts';
import type { Finding, RepositoryReport } from '../../../recovery/verify/types.ts';

const finding = (repository: string, points: string[]): Finding => ({
  repository,
  area: 'postgres',
  severity: 'wrong',
  code: 'INFO-DAMAGED',
  what: 'backup.info',
  fact: 'damaged',
  hint: 'restore from another repository (--from)',
  points,
});
const report = (id: string, findings: Finding[]): RepositoryReport => ({
  id,
  status: findings.length > 0 ? 'wrong' : 'ok',
  findings,
  coverage: { points: 1, sets: 1, walSegments: 1, snapshots: 1 },
  seconds: 1,
});

test('the hint names who holds the same points whole', () => {
  const holders = new Map([
    ['local', new Set(['a', 'b'])],
    ['primary', new Set(['a'])],
    ['secondary', new Set(['a', 'b'])],
  ]);
  const hints = (reports: RepositoryReport[]) =>
    nameElsewhere(reports, holders).flatMap(({ findings }) => findings.map(({ hint }) => hint));
  expect(hints([report('local', [finding('local', ['a', 'b'])])])).toEqual([
    'secondary holds the same points: --from secondary; restore from another repository (--from)',
  ]);
  expect(hints([report('local', [finding('local', ['a'])])])[0]).toMatch(/^primary, secondary hold .*--from primary/);
  // Damaged there too.
  const both = [report('local', [finding('local', ['b'])]), report('secondary', [finding('secondary', ['b'])])];
  expect(hints(both)[0]).toMatch(/no other repository is known to hold all of these points$/);
});
