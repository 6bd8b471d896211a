/** `recovery.rotateSecrets` in the whole program: who has new passwords, who holds the old ones, and that none stands open. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { rolesIn } from '../../../../infra/postgres/roles.ts';
import { environmentSchema } from '../../../../recovery/config/environment.ts';
import { type ManifestSnapshot, packSnapshot } from '../../../../recovery/public.ts';
import { kinds, object, podOf } from '../../objects.ts';
import { realKeys } from '../../real-keys.ts';
import { type Recording, record } from '../../recording.ts';
import { captureOf, deployment, PIN, recoveryConfig, service } from '../sample-snapshot.ts';

const OLD = {
  passphrases: { local: 'pass-local', primary: 'pass-primary', secondary: 'pass-secondary', offsite: 'pass-offsite' },
  signingKey: 'signing-key-of-before',
  postgres: {
    superuser: 'OldSuperuser12345678',
    replication: 'OldReplication123456',
    application: 'OldApplication123456',
  },
  redis: 'OldRedisPassword1234',
};
const ROLE = 'OldAnalytics12345678';
const JWT = 'jwtSecretOfBefore1234567890';

const secret = (name: string, stringData: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'go-coffee' },
  data: Object.fromEntries(
    Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  ),
});
const url = (user: string, password: string) => `postgres://${user}:${password}@postgres.go-coffee.svc:5432/go_coffee`;

const CAPTURED = captureOf([
  secret('auth', { 'jwt-secret': JWT }),
  secret('orders', { DATABASE_URL: url('go_coffee', OLD.postgres.application), REDIS_PASSWORD: OLD.redis }),
  secret('analytics', { DATABASE_URL: url('analytics', ROLE) }),
  deployment('order-service', undefined, { env: [{ name: 'REDIS_PASSWORD', value: OLD.redis }] }),
  service('order-service'),
]);

async function recover(settings: object, options: { preview?: boolean } = {}): Promise<Recording> {
  const recoveredObjects = await packSnapshot(CAPTURED as ManifestSnapshot);
  const previous = { leads: true, site: 'local', generation: 2, recoveredFrom: PIN, recoveredObjects };
  const config = { ...recoveryConfig(settings), secrets: { from: 'config' }, secretValues: OLD };
  return record('local', config, { previous, generate: realKeys(), ...options });
}

const rotated = await recover({ rotateSecrets: true });
const kept = await recover({});

const data = (recording: Recording, name: string): Record<string, string> =>
  object<{ stringData: Record<string, string> }>(recording, 'Secret', name).stringData;
const plain = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString();
const captured = (name: string) => object<{ data: Record<string, string> }>(rotated, 'Secret', name).data;

describe('the stores', () => {
  test('have new passwords, protected; what opens the repositories is what was given', () => {
    const { superuser, replication, application } = data(rotated, 'postgres-passwords');
    for (const fresh of [superuser, replication, application]) expect(fresh).toMatch(/^[A-Za-z0-9]{48}$/);
    expect(data(rotated, 'redis').password).toMatch(/^[A-Za-z0-9]{48}$/);
    const made = rotated.filter(({ type, name }) => type.startsWith('random:') && name.startsWith('secrets-'));
    expect(made.map(({ protect }) => protect)).toEqual([true, true, true, true]);
    expect(rotated.outputs.secrets).toMatchObject({ passphrases: OLD.passphrases, signingKey: OLD.signingKey });
    expect((rotated.outputs.secrets as typeof OLD).redis).toBe(data(rotated, 'redis').password);
  });

  test('a further role of the database has one too, where services find it', () => {
    const roles = JSON.parse(data(rotated, 'postgres-passwords').roles ?? '{}') as Record<string, string>;
    expect(Object.keys(roles)).toEqual(['analytics']);
    expect(plain(captured('analytics').DATABASE_URL)).toBe(url('analytics', roles.analytics ?? ''));
    const scripts = object<{ data: Record<string, string> }>(rotated, 'ConfigMap', 'postgres-scripts').data;
    expect(scripts['after-init.sh']).toContain('PASSWORD NULL');
    const before = object<{ data: Record<string, string> }>(kept, 'ConfigMap', 'postgres-scripts').data;
    expect(before['after-init.sh']).not.toContain('PASSWORD NULL');
  });
});

test('services get what the stores have', () => {
  expect(plain(captured('orders').DATABASE_URL)).toBe(
    url('go_coffee', data(rotated, 'postgres-passwords').application ?? ''),
  );
  expect(plain(captured('orders').REDIS_PASSWORD)).toBe(data(rotated, 'redis').password);
  expect(plain(captured('auth')['jwt-secret'])).toMatch(/^[A-Za-z0-9]{48}$/);
});

test('the checks try the old ones, and nobody else has them', () => {
  const { 'dr.yaml': text = '' } = object<{ data: Record<string, string> }>(
    rotated,
    'ConfigMap',
    'dr-environment-check',
  ).data;
  const { retired } = environmentSchema.parse(parse(text));
  const old = data(rotated, 'dr-retired');
  const file = (ref: object) => old[('file' in ref ? String(ref.file) : '').split('/').at(-1) ?? ''];
  expect(retired?.postgres.map(({ user, password }) => [user, file(password)])).toEqual([
    ['postgres', OLD.postgres.superuser],
    ['replicator', OLD.postgres.replication],
    ['go_coffee', OLD.postgres.application],
    ['analytics', ROLE],
  ]);
  expect(retired?.redis.map(({ password }) => file(password))).toEqual([OLD.redis]);
  const checks = kinds(rotated, 'Job').filter(({ manifest }) => manifest.metadata.name.startsWith('recovery-check'));
  expect(checks.length).toBeGreaterThan(1);
  const all = [...kinds(rotated, 'Job'), ...kinds(rotated, 'CronJob'), ...kinds(rotated, 'StatefulSet')];
  const holders = all.filter(({ manifest }) => JSON.stringify(manifest).includes('dr-retired'));
  expect(holders.map(({ manifest }) => manifest.metadata.name)).toEqual(
    checks.map(({ manifest }) => manifest.metadata.name),
  );
  const { spec } = podOf(rotated, `Job ${checks[0]?.manifest.metadata.name}`);
  expect(JSON.stringify(spec.volumes)).toContain('dr-environment-check');
  expect(JSON.stringify(kinds(kept, 'ConfigMap'))).not.toContain('dr-environment-check');
});

test('no password, old or new, stands open in what the engine gets', () => {
  const roles = Object.values(JSON.parse(data(rotated, 'postgres-passwords').roles ?? '{}') as Record<string, string>);
  const { superuser, replication, application } = data(rotated, 'postgres-passwords');
  const fresh = [superuser, replication, application, data(rotated, 'redis').password, ...roles];
  const values = [...fresh, ...Object.values(OLD.postgres), OLD.redis, ROLE, JWT].map(String);
  const open = rotated.flatMap(({ name, inputs, secrets }) => {
    const texts = leaves(inputs).filter(
      ({ path }) => !secrets.some((each) => path === each || path.startsWith(`${each}.`)),
    );
    const readable = texts.flatMap(({ text }) => [text, Buffer.from(text, 'base64').toString('latin1')]);
    return values.some((value) => readable.some((text) => text.includes(value))) ? [name] : [];
  });
  expect(open).toEqual([]);
});

function leaves(value: unknown, path = ''): { path: string; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => leaves(item, path === '' ? key : `${path}.${key}`));
}

test('a role is found where a service names it at this stack’s database, and nowhere else', () => {
  const texts = [
    url('analytics', 'one'),
    url('go_coffee', 'known'),
    'postgresql://report%2Ders:p%40ss@postgres/x',
    'postgres://other:theirs@postgres-of-a-partner.example.com/x',
    'postgres://env:$(PASSWORD)@postgres/x',
  ];
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { texts: texts.join('\n') } };
  expect(rolesIn([map, map], ['go_coffee'])).toEqual([
    { user: 'analytics', old: 'one' },
    { user: 'report-ers', old: 'p@ss' },
  ]);
});
