import { expect, test } from 'vitest';
import type { Environment } from '../../../../../recovery/config/environment.ts';
import { withoutOwnStores } from '../../../../../recovery/workloads/objects/gaps/own-stores.ts';

const gap = (what: string) => ({ part: 'manifests' as const, what, why: 'its namespace is not captured' });
const GAPS = ['Service stores/postgres', 'Service stores/redis', 'Service data/postgres', 'Secret stores/x'].map(gap);

const redis = { host: 'redis.stores.svc', port: 6379, dataDir: '/data' } as const;
const kubernetes = { namespaces: ['shop'] };

const left = (environment: Pick<Environment, 'kubernetes' | 'postgres' | 'redis'>) =>
  withoutOwnStores(GAPS, environment).map(({ what }) => what);

test('the servers of a stack are no gap where it keeps them in a namespace of their own', () => {
  const inside = { ...kubernetes, inCluster: true as const };
  expect(left({ kubernetes: inside, redis: { ...redis, transfer: 'replication' } })).toEqual([
    'Service data/postgres',
    'Secret stores/x',
  ]);
});

test('a server that the platform brings itself is one: only its data is copied', () => {
  const inside = { ...kubernetes, inCluster: true as const };
  expect(left({ kubernetes: inside, redis })).toHaveLength(GAPS.length);
  expect(
    left({ kubernetes: { ...kubernetes, context: 'c' }, redis: { ...redis, transfer: 'replication' } }),
  ).toHaveLength(GAPS.length);
});
