import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, planDigest } from '../../plan/digest.ts';
import { PlanError } from '../../plan/errors.ts';
import { layout, lineageName, parseLineage } from '../../plan/layout.ts';
import { didYouMean, didYouMeanOrAll, nearest } from '../../plan/nearest.ts';
import { productionPlan } from '../../plan/production.ts';
import { lockOf, selectWorkloads, unmatched } from '../../plan/select.ts';

test.each<[string, string[], string[]]>([
  ['scondary', ['local', 'primary', 'secondary'], ['secondary']],
  ['Redis', ['redis', 'postgres'], ['redis']],
  [
    'postgre',
    ['postgres', 'postgres-dump', 'postgres-config', 'postgres-x', 'git'],
    ['postgres', 'postgres-x', 'postgres-dump'],
  ],
  ['zebra', ['local', 'primary'], []],
  ['', ['local'], []],
])('nearest to "%s"', (word, names, wanted) => {
  expect(nearest(word, names)).toEqual(wanted);
});

test('near names are offered, else all of them', () => {
  expect(didYouMean('locl', ['local', 'primary'])).toBe(' Did you mean "local"?');
  expect(didYouMean('post', ['posts', 'poste'])).toBe(' Did you mean "poste" or "posts"?');
  expect(didYouMean('zebra', ['local', 'primary'])).toBe('');
  expect(didYouMeanOrAll('locl', ['local', 'primary'])).toBe(' Did you mean "local"?');
  expect(didYouMeanOrAll('zebra', ['local', 'primary'])).toBe(' One of: local, primary.');
  expect(didYouMeanOrAll('zebra', [])).toBe('');
});

test('every key is below the environment, in the folder that the layout says', () => {
  const keys = layout('production');
  expect(keys.point('20261123T020000Z-full-7f3a')).toBe('production/catalog/v1/points/20261123T020000Z-full-7f3a.json');
  expect(keys.checkpoint('x')).toBe('production/catalog/v1/checkpoints/x.json');
  expect(keys.mark('p', 'hold', '20261123T020000Z')).toBe('production/marks/p/20261123T020000Z-hold.json');
  expect(keys.lock('restore-production')).toBe('production/locks/restore-production.json');
  expect(keys.lease('p', 'root@host:12')).toBe('production/leases/p/root@host:12.json');
  expect(keys.pgbackrest(lineageName('fra-1', 3))).toBe('production/pgbackrest/fra-1-3');
  expect(keys.restic).toBe('production/restic');
});

test.each([['../x'], ['a/b'], ['a\nb'], ['a..b'], [''], ['.hidden'], ['a b'], ['/a']])('"%s" makes no key', (name) => {
  const keys = layout('production');
  for (const make of [keys.point, keys.lock, keys.pgbackrest, keys.incident, keys.evidence, keys.key, layout]) {
    expect(() => make(name)).toThrow(PlanError);
  }
});

test('a lineage reads back as its site and generation', () => {
  const site = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
  fc.assert(
    fc.property(site, fc.nat(), (name, generation) => {
      expect(parseLineage(lineageName(name, generation))).toEqual({ site: name, generation });
    }),
  );
  expect([parseLineage('fra'), parseLineage('fra-01'), parseLineage('-1')]).toEqual([undefined, undefined, undefined]);
  expect(() => lineageName('fra', -1)).toThrow(RangeError);
});

test('one digest for one plan, whatever the order of its keys; another for another', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse());
      expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(planDigest({ ...productionPlan, version: '1.1' })).not.toBe(planDigest(productionPlan));
  expect(planDigest({ a: 1, b: undefined })).toBe(planDigest({ a: 1 }));
  expect(() => canonicalJson({ a: Number.NaN })).toThrow(TypeError);
});

test('selectors', () => {
  const ids = (...selectors: string[]) => selectWorkloads(productionPlan, selectors).map(({ id }) => id);
  expect(ids('group:database')).toEqual(['postgres', 'postgres-dump', 'postgres-config']);
  expect(ids('redis', 'tier:P3', 'redis')).toEqual(['redis', 'git', 'artifacts']);
  expect(ids('all')).toHaveLength(15);
  expect(ids('class:database', 'type:images')).toEqual(['postgres', 'postgres-dump', 'images']);
  expect(unmatched(productionPlan, ['all', 'tier:P9', 'constructor:x', 'toString', 'redis'])).toEqual([
    'tier:P9',
    'constructor:x',
    'toString',
  ]);
});

test('Redis alone waits for no full backup; every other run takes its turn', () => {
  expect(lockOf(productionPlan, 'incremental', ['redis'])).toBe('redis');
  expect(lockOf(productionPlan, 'incremental', ['redis', 'uploads'])).toBe('backup');
  expect(lockOf(productionPlan, 'incremental', [])).toBe('backup');
  expect(lockOf(productionPlan, 'full', ['redis'])).toBe('backup');
  expect(lockOf(productionPlan, 'config', ['redis'])).toBe('backup');
});
