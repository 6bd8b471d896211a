import { expect, test } from 'vitest';
import { quotasOf } from '../../../infra/cluster/quotas.ts';

const parts = {
  postgres: { instances: 3, storage: '50Gi', cpu: '1', memory: '4Gi' },
  redis: { storage: '5Gi', cpu: '250m', memory: '1Gi' },
  backups: { storage: '200Gi', state: '100Gi' },
  overrides: { platform: {}, recovery: {} },
};

test('a quota holds the parts and the services', () => {
  // 3 × 1 + 0.25 cores and 16 for services; 3 × 4 + 1 GiB and 64; 3 × 50 + 5 GiB and 500.
  const closed = { loadBalancers: 0, nodePorts: 0 };
  expect(quotasOf(parts).platform).toEqual({ cpu: '20', memory: '77Gi', storage: '655Gi', pods: 100, ...closed });
  expect(quotasOf(parts).recovery).toEqual({ cpu: '8', memory: '48Gi', storage: '600Gi', pods: 60, ...closed });
});

test('beside services with quotas of their own it holds the stores, and their next generation', () => {
  // 3 × 1 + 0.25 cores and 4; 3 × 4 + 1 GiB and 8; twice 3 × 50 + 5 GiB.
  const alone = quotasOf({ ...parts, storesAlone: true });
  expect(alone.platform).toMatchObject({ cpu: '8', memory: '21Gi', storage: '310Gi', pods: 30 });
});

test('it grows with them, and gives way to the config', () => {
  const larger = quotasOf({ ...parts, postgres: { ...parts.postgres, storage: '2Ti' } });
  expect(larger.platform.storage).toBe('6649Gi');
  const small = quotasOf({ ...parts, redis: { storage: '512Mi', cpu: '50m', memory: '256Mi' } });
  expect(small.platform).toMatchObject({ memory: '77Gi', storage: '651Gi' });
  const given = quotasOf({ ...parts, overrides: { platform: { pods: 300 }, recovery: { cpu: '2' } } });
  expect([given.platform.pods, given.platform.cpu, given.recovery.cpu]).toEqual([300, '20', '2']);
});
