/** A stack whose stores stay where they are: it makes none of them, its pods have a way there, and a recovery loads the dumps. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { previewFindings } from '../../infra/config/findings.ts';
import { storeLoads } from '../../infra/config/role.ts';
import { environmentSchema } from '../../recovery/config/environment.ts';
import type { ResolvedPoint } from '../../recovery/points/resolved/resolved-point.ts';
import { complaints, configOf } from './config/stack-config.ts';
import { kubernetesObjects } from './manifests-of.ts';
import { find, object, podOf, predecessors } from './objects.ts';
import { record, shippedConfig } from './recording.ts';
import { PIN, RECOVERY, upBefore } from './recovered/recovery-stack.ts';

const POSTGRES = { host: 'db.shop.svc', port: 6432, user: 'dumper', databases: ['shop'] };
const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const EXTERNAL = {
  external: { postgres: POSTGRES, redis: { host: 'cache.shop.svc', tls: 'disable' } },
  externalPasswords: { postgres: 'of the dump' },
};
const { postgres: _, ...withoutSet } = PIN;
const DUMPED: ResolvedPoint = {
  ...withoutSet,
  dump: {
    workload: 'postgres-dump',
    point: '20261123T010000Z-incremental-0000',
    snapshot: 'b'.repeat(64),
    capturedAt: '2026-11-23T01:01:00Z',
    serverVersion: '15.9',
  },
};

const site = await record('local', EXTERNAL);
const managed = await record('local', RECOVERY, upBefore(DUMPED));

describe('a site', () => {
  test('makes neither PostgreSQL nor Redis, and its pods know the servers', () => {
    expect(find(site, 'StatefulSet', 'postgres')).toBeUndefined();
    expect(find(site, 'StatefulSet', 'redis')).toBeUndefined();
    const { data } = object<{ data: Record<string, string> }>(site, 'ConfigMap', 'dr-environment');
    const environment = environmentSchema.parse(parse(data['dr.yaml'] ?? ''));
    expect([environment.postgres, environment.redis, environment.generation]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(site.outputs.hosts).toMatchObject({ postgres: 'db.shop.svc', redis: 'cache.shop.svc' });
    const password = { file: '/run/go-coffee-dr/stores/database' };
    expect(environment.external?.postgres).toMatchObject({
      ...POSTGRES,
      password,
      tls: 'verify-full',
    });
    // A Redis without a password is asked without one.
    expect(environment.external?.redis?.password).toBeUndefined();
    const { stringData } = object<{ stringData: Record<string, string> }>(site, 'Secret', 'dr-stores');
    expect(stringData.database).toBe('of the dump');
  });

  test('dumps it each hour, reaches its port alone, and says what that can not keep', async () => {
    const hourly = podOf(site, 'CronJob dr-hourly').spec.containers[0]?.args ?? [];
    expect(hourly.join(' ')).toMatch(/^backup --kind incremental/);
    const { spec } = object<{ spec: { egress: { ports: unknown[]; to: unknown[] }[] } }>(
      site,
      'NetworkPolicy',
      'reach-postgres',
    );
    expect(spec.egress[0]?.ports).toEqual([{ protocol: 'TCP', port: 6432 }]);
    expect(spec.egress[0]?.to).toContainEqual({ namespaceSelector: {} });
    const config = await configOf('local', { config: EXTERNAL });
    expect(previewFindings(config)[0]).toMatch(/hourly dumps can't keep the RPO of P1: .* = 2 h 40 min > 1 h/);
    expect(config.plan.workloads.map(({ id }) => id)).not.toContain('postgres');
  });
});

test('Redis of a recovery beside an external PostgreSQL is seeded by a pod that knows the storage’s authority', async () => {
  const storage = (await shippedConfig('local')).storage as { repositories: Record<string, object> };
  const places = Object.entries(storage.repositories).map(([id, place]) => [id, { ...place, ca: CA }]);
  const external = { postgres: { ...POSTGRES, onRecovery: 'keep' } };
  const config = {
    ...RECOVERY,
    ...EXTERNAL,
    external,
    storage: { ...storage, repositories: Object.fromEntries(places) },
  };
  const made = await record('local', config, upBefore(DUMPED));
  const volumes = podOf(made, 'StatefulSet redis').spec.volumes ?? [];
  const name = volumes.find((volume) => volume.name === 'redis-seed-ca')?.configMap?.name;
  const found = kubernetesObjects(made).filter(
    ({ manifest }) => manifest.kind === 'ConfigMap' && manifest.metadata.name === name,
  );
  expect(found.map(({ manifest }) => manifest.metadata.namespace).sort()).toEqual(['go-coffee', 'go-coffee-dr']);
});

describe('a site that receives the WAL', () => {
  const wal = { ...EXTERNAL, external: { ...EXTERNAL.external, postgres: { ...POSTGRES, wal: {} } } };

  test('has a receiver without a way to the repositories, and copies what it received each quarter of an hour', async () => {
    const receiving = await record('local', wal);
    const pod = podOf(receiving, 'Deployment dr-wal-receiver');
    expect(pod.spec.containers[0]?.args).toEqual(['receive-wal']);
    const mounted = pod.spec.volumes?.map(({ name }) => name) ?? [];
    expect(mounted).toEqual(expect.arrayContaining(['state', 'dr-stores']));
    expect(mounted.filter((name) => /writer|restorer|repository/.test(name))).toEqual([]);
    expect(Object.keys(pod.labels)).not.toContain('reach.go-coffee/object-storage');
    const { spec } = object<{ spec: { schedule: string } }>(receiving, 'CronJob', 'dr-received-wal');
    expect(spec.schedule).toBe('*/15 * * * *');
    const copies = podOf(receiving, 'CronJob dr-received-wal').spec.containers[0]?.args;
    expect(copies).toEqual(['backup', '--kind', 'incremental', '--only', 'postgres-wal']);
    const { data } = object<{ data: Record<string, string> }>(receiving, 'ConfigMap', 'dr-environment');
    const environment = environmentSchema.parse(parse(data['dr.yaml'] ?? ''));
    expect(environment.external?.postgres?.wal).toEqual({ slot: 'go_coffee_dr', unlimited: false });
    const config = await configOf('local', { config: wal });
    expect(previewFindings(config).filter((line) => line.startsWith('external.postgres'))).toEqual([]);
    expect(find(site, 'Deployment', 'dr-wal-receiver')).toBeUndefined();
  });

  test('gets it back in a recovery: up to the point, or to the moment itself', async () => {
    const received = { ...DUMPED, wal: { ...(DUMPED.dump as object), workload: 'postgres-wal' } } as ResolvedPoint;
    const postgres = { ...POSTGRES, wal: {}, onRecovery: 'restore' };
    const config = await configOf('local', { config: { ...RECOVERY, ...EXTERNAL, external: { postgres } } });
    expect(storeLoads(config, received)).toEqual([
      { workload: 'postgres-wal', point: DUMPED.dump?.point, overwrite: false },
    ]);
    const from = '2026-11-23T01:00:30Z';
    expect(storeLoads(config, { ...received, from })[0]).toMatchObject({ workload: 'postgres-wal', point: from });
    expect(storeLoads(config, DUMPED)[0]).toMatchObject({ workload: 'postgres-dump' });
  });
});

describe('a recovery from dumps', () => {
  test('makes an empty database, and loads them before any service', () => {
    const { data } = object<{ data: Record<string, string> }>(managed, 'ConfigMap', 'postgres-scripts');
    expect(JSON.stringify(data)).not.toContain('--set=');
    const pod = podOf(managed, 'Job dr-load-postgres-dump-local-2');
    const from = ['--to', DUMPED.dump?.point, '--from', 'secondary', '--only', 'postgres-dump', '--no-backup'];
    expect(pod.spec.containers[0]?.args).toEqual(['restore', ...from]);
    expect(Object.keys(pod.labels)).toEqual(expect.arrayContaining(['reach.go-coffee/postgres']));
    expect(predecessors(managed, 'Job', 'dr-load-postgres-dump-local-2')).toContain('StatefulSet postgres');
    expect(managed.outputs.recoveredFrom).toEqual(DUMPED);
  });

  test('with the server outside it takes the place of the lost stack, for it has no generation that comes after', async () => {
    const external = { postgres: { ...POSTGRES, onRecovery: 'restore' } };
    const outside = await record('local', { ...RECOVERY, ...EXTERNAL, external }, upBefore(DUMPED));
    expect(podOf(outside, 'Job dr-init-local-2').spec.containers[0]?.args).toEqual(['init', '--adopt']);
    expect(podOf(managed, 'Job dr-init-local-2').spec.containers[0]?.args).toEqual(['init']);
    expect(podOf(site, 'Job dr-init-local-1').spec.containers[0]?.args).toEqual(['init']);
  });

  test.each([
    ['keep', []],
    ['restore', [false, false]],
    ['overwrite', [true, true]],
  ] as const)('into external servers with onRecovery %s', async (onRecovery, wanted) => {
    const redis = { ...EXTERNAL.external.redis, onRecovery };
    const external = { postgres: { ...POSTGRES, onRecovery }, redis };
    const config = await configOf('local', { config: { ...RECOVERY, ...EXTERNAL, external } });
    expect(storeLoads(config, DUMPED).map(({ overwrite }) => overwrite)).toEqual([...wanted]);
    expect(previewFindings(config).filter((line) => line.includes('keeps what it holds'))).toHaveLength(
      onRecovery === 'keep' ? 2 : 0,
    );
  });

  test('a drill has stores of its own, whatever the stack has', async () => {
    const recovery = { ...RECOVERY.recovery, isolated: true };
    const drill = await configOf('local', { config: { ...RECOVERY, ...EXTERNAL, recovery } });
    expect(drill.external).toEqual({ passwords: {} });
    expect(drill.plan.workloads.map(({ id }) => id)).toContain('postgres');
  });
});

test.each([
  [{ external: { postgres: POSTGRES } }, /externalPasswords\.postgres.*is missing, and external\.postgres is set/s],
  [{ externalPasswords: { redis: 'x' } }, /externalPasswords\.redis.*is set, and external\.redis is not/s],
  [
    { ...EXTERNAL, external: { postgres: { ...POSTGRES, onRecovery: 'restore' } } },
    /external\.postgres\.onRecovery.*is "restore", and role is "primary"/s,
  ],
  [{ ...EXTERNAL, external: { postgres: { ...POSTGRES, host: 'a b' } } }, /external\.postgres\.host.*is not a host/s],
])('%j is refused in words', async (config, words) => {
  expect(await complaints('local', { config })).toMatch(words);
});
