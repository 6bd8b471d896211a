/** A stack whose stores take over servers of the platform: what it declares while they follow, and after. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ConfigError } from '../../../infra/config/config.ts';
import { renderAuth } from '../../../infra/redis/redis.ts';
import { kubernetesObjects } from '../manifests-of.ts';
import { object, podOf } from '../objects.ts';
import { type Recording, record, shippedConfig } from '../recording.ts';

const { postgres, redis } = await shippedConfig('local');
const NAMESPACES = { platform: { existing: ['shop', 'shop-data'] }, recovery: 'shop-dr' };
const SERVER = {
  host: 'postgres.shop-data.svc',
  port: 5432,
  namespace: 'shop-data',
  podPort: 5433,
  slot: 'dr_adopt_beside',
  phase: 'follow',
  settings: { max_connections: 300 },
};
const adopting = (more: object = {}) => ({
  namespaces: NAMESPACES,
  generation: 2,
  postgres: { ...(postgres as object), adopt: { ...SERVER, ...more } },
});

const follows = await record('local', adopting());
const leads = await record('local', adopting({ phase: 'lead' }));

const data = (recording: Recording, name: string) =>
  object<{ data: Record<string, string> }>(recording, 'ConfigMap', name).data;
const patroniOf = (recording: Recording) => parse(data(recording, 'postgres-patroni')['patroni.yml'] ?? '');
const policies = (recording: Recording) =>
  kubernetesObjects(recording).flatMap(({ manifest: { kind, metadata } }) =>
    kind === 'NetworkPolicy' ? [metadata.name] : [],
  );
const suspended = (recording: Recording) =>
  object<{ spec: { suspend: boolean } }>(recording, 'CronJob', 'dr-daily').spec.suspend;

test('the members copy the server by its slot, with its settings, and follow it', () => {
  const { bootstrap, postgresql } = patroniOf(follows);
  expect(bootstrap.dcs.standby_cluster).toEqual({
    host: 'postgres.shop-data.svc',
    port: 5432,
    primary_slot_name: 'dr_adopt_beside',
    create_replica_methods: ['adopt'],
  });
  expect(bootstrap.dcs.postgresql.parameters).toMatchObject({ max_connections: 300, wal_log_hints: 'on' });
  expect(bootstrap).not.toHaveProperty('initdb');
  expect(postgresql.adopt).toMatchObject({ command: expect.stringMatching(/local-2\/adopt\.sh$/), no_params: true });
  expect(postgresql.pg_hba.at(-1)).toBe('host all all all scram-sha-256');
  expect(data(follows, 'postgres-scripts')['adopt.sh']).toContain("--host='postgres.shop-data.svc' --port=5432");
});

test('old passwords of the source’s roles stay good', async () => {
  const old = await record('local', adopting({ passwords: 'md5' }));
  expect(patroniOf(old).postgresql.pg_hba.at(-1)).toBe('host all all all md5');
});

test('while they follow, their pods alone have a way to the server, and no copy is made', () => {
  expect(object(follows, 'NetworkPolicy', 'adopt-postgres')).toMatchObject({
    metadata: { namespace: 'shop-dr-stores' },
    spec: {
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'postgres', 'go-coffee-dr/owner': 'stack' } },
      policyTypes: ['Egress'],
    },
  });
  const text = JSON.stringify(object(follows, 'NetworkPolicy', 'adopt-postgres'));
  expect(text).toContain('"kubernetes.io/metadata.name":"shop-data"');
  expect(text).toContain('"port":5433');
  expect(suspended(follows)).toBe(true);
  expect(follows.outputs).toMatchObject({ adopts: 'follow', leads: true });
});

test('after the switch no pod restarts, the way is shut, copies begin with a full one, and no copy of the source is made again', () => {
  const config = (recording: Recording) => podOf(recording, 'StatefulSet postgres');
  expect(config(leads)).toEqual(config(follows));
  expect(policies(leads)).not.toContain('adopt-postgres');
  expect(suspended(leads)).toBe(false);
  expect(object(leads, 'Job', 'dr-full-local-2')).toBeDefined();
  expect(data(leads, 'postgres-scripts')['adopt.sh']).toMatch(/^exit 1$/m);
});

test('no script holds a password', () => {
  const scripts = JSON.stringify([data(follows, 'postgres-scripts'), data(follows, 'postgres-patroni')]);
  expect(scripts).not.toMatch(/PASSWORD '|password=/);
});

test('Redis gets its way without a restart', async () => {
  const adopt = { host: 'redis.shop-data.svc', port: 6379, namespace: 'shop-data' };
  const plain = await record('local', { namespaces: NAMESPACES });
  const following = await record('local', { namespaces: NAMESPACES, redis: { ...(redis as object), adopt } });
  expect(policies(following)).toContain('adopt-redis');
  expect(podOf(following, 'StatefulSet redis')).toEqual(podOf(plain, 'StatefulSet redis'));
});

test('Redis lets in the services of the one before: with their password, or without one where they had none', () => {
  expect(renderAuth('stack', undefined, 'password')).toBe('requirepass stack\n');
  const both = renderAuth('stack', 'shop', 'password');
  expect(both).toMatch(/^user default on #[0-9a-f]{64} #[0-9a-f]{64} ~\* &\* \+@all\n$/);
  expect(both).not.toMatch(/shop|stack/);
  expect(renderAuth('stack', undefined, 'open')).toBe('protected-mode no\nuser default on nopass ~* &* +@all\n');
});

test.each([
  [{ host: "x'; rm -rf /" }, 'is not a host'],
  [{ slot: 'Dr-Slot' }, 'is not the name of a slot'],
  [{ settings: { work_mem: 1 } }, 'work_mem'],
])('%j is refused', async (more, message) => {
  await expect(record('local', adopting(more))).rejects.toThrow(message);
});

test('a standby can’t take over a server too', async () => {
  const dr = record('dr', { postgres: { ...(postgres as object), adopt: SERVER } });
  await expect(dr).rejects.toThrow(ConfigError);
  await expect(dr).rejects.toThrow('its database can’t begin from a running server too');
});
