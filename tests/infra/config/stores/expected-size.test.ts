/** A size that is stated is held against volumes, deadlines and schedules, before anything is declared. */
import { expect, test } from 'vitest';
import { expectedSizeProblems } from '../../../../infra/config/stores/expected-size.ts';
import { productionPlan as plan } from '../../../../plan/production.ts';

const roomy = { processes: 8, storage: '20Ti', state: '2Ti' };
const problems = (expectedSize: string, more: object = {}, storage = '4Ti') =>
  expectedSizeProblems({ postgres: { expectedSize, storage }, backups: { ...roomy, ...more } }, plan).map(
    ({ path, fact }) => `${path.join('.')}: ${fact}`,
  );

test('a size that fits, and none at all: nothing to say', () => {
  expect(problems('100Gi')).toEqual([]);
  const backups = { ...roomy, storage: '1Gi', state: '1Gi' };
  expect(expectedSizeProblems({ postgres: { storage: '1Gi' }, backups }, plan)).toEqual([]);
});

test('volumes that are too small are named, each with what it needs', () => {
  const small = expectedSizeProblems(
    { postgres: { expectedSize: '100Gi', storage: '100Gi' }, backups: { ...roomy, storage: '200Gi', state: '99Gi' } },
    plan,
  );
  expect(small.map(({ path, hint }) => [path.join('.'), hint])).toEqual([
    ['postgres.storage', 'write 120Gi or more'],
    ['backups.state', 'write 100Gi or more'],
    ['backups.storage', expect.stringMatching(/^write \d{3,4}Gi or more$/)],
  ]);
});

test('a full that its job would not end, or that the next one meets', () => {
  expect(problems('600Gi')[0]).toMatch(
    /^postgres.expectedSize: a full backup of 645 GB to 3 repositories takes 4 h .* at 125 MB\/s, and its job is ended after 3 h/,
  );
  expect(problems('4Ti', {}, '8Ti').join('\n')).toMatch(/and the next one begins after 24 h/);
});

test('a verification that can’t end is told apart from the backup', () => {
  const slow = problems('200Gi', { rate: 60 });
  expect(slow).toContainEqual(
    expect.stringMatching(/a night’s verification of 215 GB reads .* its job is ended after 3 h/),
  );
});

test('what a real backup shows replaces the estimate; a faster class and more processes raise it', () => {
  expect(problems('500Gi', { rate: 400 })).toEqual([]);
  const given = { postgres: { expectedSize: '500Gi', storage: '4Ti' }, storageClasses: { ebs: { throughput: 500 } } };
  expect(expectedSizeProblems({ ...given, backups: roomy }, plan)).toEqual([]);
  expect(expectedSizeProblems({ ...given, backups: { ...roomy, processes: 1 } }, plan)).not.toEqual([]);
});
