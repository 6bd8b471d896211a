/** The superuser's certificate as the stacks declare it, and the way there of a stack whose pods have a password alone. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { superuserFinding, superuserLogin, superuserRules } from '../../../infra/postgres/superuser.ts';
import { find, kinds, object, podOf } from '../objects.ts';
import { type Recording, record } from '../recording.ts';

interface WithData {
  readonly data: Readonly<Record<string, string>>;
}

const patroniOf = (recording: Recording) =>
  parse(object<WithData>(recording, 'ConfigMap', 'postgres-patroni').data['patroni.yml'] ?? '').postgresql;
const environmentOf = (recording: Recording) =>
  parse(object<WithData>(recording, 'ConfigMap', 'dr-environment').data['dr.yaml'] ?? '');

const BY_CERTIFICATE = ['hostssl all postgres all cert map=recovery', 'host all postgres all reject'];
const BY_PASSWORD = ['hostssl all postgres all scram-sha-256', 'host all postgres all reject'];
const rulesOf = (recording: Recording) =>
  patroniOf(recording).pg_hba.filter((line: string) => line.includes(' postgres '));

const local = await record('local');
const EARLY = { leads: true, site: 'local', generation: 1, role: 'primary' } as const;

test('a new stack: PostgreSQL knows two certificates, and each pod that asks it has one of them', async () => {
  const { pg_ident, parameters, authentication } = patroniOf(local);
  expect(rulesOf(local)).toEqual(BY_CERTIFICATE);
  expect(pg_ident).toEqual(['recovery dr-superuser postgres', 'recovery postgres postgres']);
  expect(parameters.ssl_ca_file).toBe('/run/go-coffee-dr/tls/ca.crt');
  // A former leader rewinds from the server of another member.
  expect(authentication.superuser).toMatchObject({ sslmode: 'verify-ca', sslcert: '/run/go-coffee-dr/tls/tls.crt' });
  const { login } = environmentOf(local).postgres.tls;
  expect(login).toEqual({
    certificate: '/run/go-coffee-dr/stores/database.crt',
    key: '/run/go-coffee-dr/stores/database.key',
  });
  const { stringData } = object<{ stringData: Record<string, string> }>(local, 'Secret', 'dr-stores');
  expect(Object.keys(stringData).toSorted()).toEqual(['database', 'database.crt', 'database.key', 'redis']);
  const monitor = podOf(local, 'Deployment dr-monitor').spec;
  expect(monitor.volumes?.map(({ name }) => name)).toContain('dr-stores');
  const superuser = local.find(({ type, name }) => type.endsWith(':CertRequest') && name.endsWith('superuser'));
  expect(superuser?.inputs).toMatchObject({ subject: { commonName: 'dr-superuser' } });
  expect(local.outputs.superuserLogin).toBe('certificate');
});

test('the promotion asks by the certificate of a member', async () => {
  const promoted = await record(
    'dr',
    { role: 'primary' },
    { previous: { leads: false, site: 'eu-west-1', generation: 1, role: 'standby', superuserLogin: 'certificate' } },
  );
  expect(find(promoted, 'Job', 'postgres-promotion-1')).toBeDefined();
  const { containers, volumes } = podOf(promoted, 'Job postgres-promotion-1').spec;
  const env = Object.fromEntries((containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
  expect(env).toMatchObject({ PGSSLMODE: 'verify-full', PGSSLKEY: '/run/go-coffee-dr/tls/tls.key' });
  expect(JSON.stringify(volumes)).toContain('"defaultMode":288,"secretName":"postgres-tls"');
});

test('a stack of an earlier version: first everybody gets a certificate, then it is the only way in', async () => {
  const first = await record('local', {}, { previous: EARLY });
  expect(rulesOf(first)).toEqual(BY_PASSWORD);
  expect(environmentOf(first).postgres).toMatchObject({
    password: expect.anything(),
    tls: { login: expect.anything() },
  });
  expect(first.outputs.superuserLogin).toBe('password');
  const second = await record('local', {}, { previous: { ...EARLY, superuserLogin: 'password' } });
  expect(rulesOf(second)).toEqual(BY_CERTIFICATE);
  expect(second.outputs.superuserLogin).toBe('certificate');
  // Nothing else changes: the pods of the jobs have what they need since the first run.
  expect(environmentOf(second)).toEqual(environmentOf(first));
  const pods = (recording: Recording) => kinds(recording, 'CronJob').map(({ manifest }) => manifest);
  expect(pods(second)).toEqual(pods(first));
});

test.each([
  ['no `up` before', undefined, 'certificate'],
  ['pods with a password alone', { generation: 1, role: 'primary' }, 'password'],
  ['pods with a certificate', { generation: 1, role: 'primary', superuserLogin: 'password' }, 'certificate'],
  ['a failover', { generation: 1, role: 'standby', superuserLogin: 'password' }, 'password'],
  ['another generation', { generation: 0, role: 'primary', superuserLogin: 'password' }, 'password'],
  ['a certificate alone', { generation: 1, role: 'standby', superuserLogin: 'certificate' }, 'certificate'],
] as const)('%s', (_, held, login) => {
  const config = { role: 'primary', generation: 1, external: { passwords: {} } } as const;
  expect(superuserLogin(config, held)).toBe(login);
  expect(superuserFinding(config, held)).toEqual(
    login === 'certificate' ? [] : [expect.stringContaining('run pulumi up again afterwards')],
  );
});

test('a server that was taken over, with its kind of passwords, lets its superuser in by the same certificate', () => {
  expect(superuserRules('certificate', 'md5')).toEqual(BY_CERTIFICATE);
  expect(superuserRules('password', 'md5')[0]).toBe('hostssl all postgres all md5');
});
