/** A stack whose stores stay where they are: it makes none of them, its pods have a way there, and a recovery loads the dumps. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { previewFindings } from '../../infra/config/findings.ts';
import { storeLoads } from '../../infra/config/role.ts';
import { environmentSchema } from '../../recovery/config/environment.ts';
import type { ResolvedPoint } from '../../recovery/points/resolved/resolved-point.ts';
import { complaints, configOf } from './config/stack-config.ts';
import { find, object, podOf, predecessors } from './objects.ts';
import { record } from './recording.ts';
import { PIN, RECOVERY, upBefore } from './recovered/recovery-stack.ts';

const POSTGRES = { host: 'db.shop.svc', port: 6432, user: 'dumper', databases: ['shop'] };
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
    const password = { file: '/run/go-coffee-dr/stores/database' };
    expect(environment.external?.postgres).toMatchObject({
      ...POSTGRES,
      password,
      tls: 'verify-full',
      dumps: 'hourly',
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
