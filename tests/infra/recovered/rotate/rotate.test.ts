/** Rotation over captured objects: new values everywhere, old ones nowhere, all of it secret in what the engine gets. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { generate } from 'selfsigned';
import { beforeAll, describe, expect, test } from 'vitest';
import { Rotation } from '../../../../infra/recovered/rotate/rotate.ts';
import { productionPlan } from '../../../../plan/production.ts';
import type { KubeObject } from '../../../../recovery/public.ts';
import { realKeys } from '../../real-keys.ts';
import { type Recording, recordProgram } from '../../recording.ts';

const NS = 'go-coffee';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const plain = (text: unknown) => Buffer.from(String(text), 'base64').toString();

const OLD = {
  postgres: {
    superuser: 'OldSuperuser12345678',
    replication: 'OldReplication123456',
    application: 'OldApplication/12345',
  },
  redis: 'OldRedisPassword1234',
};
const FRESH = {
  postgres: { superuser: 'NewSuperuser', replication: 'NewReplication', application: 'NewApplication' },
  redis: 'NewRedis',
};
const JWT = 'jwtSecretOfBefore1234567890';
const CIPHER = Buffer.alloc(32, 7).toString('base64');
const HEX = 'ab'.repeat(32);

function secret(
  name: string,
  data: Record<string, string>,
  more: Record<string, unknown> = {},
  annotations = {},
): KubeObject {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: NS, annotations }, data: encoded, ...more };
}

const url = (password: string) =>
  `postgres://go_coffee:${encodeURIComponent(password)}@postgres.go-coffee.svc/go_coffee`;

async function capture(): Promise<{ objects: KubeObject[]; old: { cert: string; private: string } }> {
  const names = [
    { type: 2 as const, value: 'api.go-coffee.com' },
    { type: 7 as const, ip: '10.0.0.7' },
  ];
  const old = await generate([{ name: 'commonName', value: 'api.go-coffee.com' }], {
    keyType: 'ec',
    curve: 'P-384',
    extensions: [
      { name: 'subjectAltName', altNames: names },
      { name: 'extKeyUsage', serverAuth: true },
    ],
  });
  const tls = { 'tls.crt': old.cert, 'tls.key': old.private };
  const env = [
    { name: 'DATABASE_URL', value: url(OLD.postgres.application) },
    { name: 'GREETING', value: 'hello' },
  ];
  const objects: KubeObject[] = [
    secret('auth', { 'jwt-secret': JWT, 'session-key': CIPHER, 'csrf-key': HEX, user: 'auth' }),
    secret('orders', { DATABASE_URL: url(OLD.postgres.application), STRIPE_API_KEY: 'sk_live_0123456789' }),
    secret('verifier', { key: JWT, greeting: 'hello there' }, {}, { 'go-coffee-dr/rotate': 'greeting' }),
    secret('api-tls', tls, { type: 'kubernetes.io/tls' }),
    secret('api-tls-copy', tls, { type: 'kubernetes.io/tls' }),
    secret('issued', tls, { type: 'kubernetes.io/tls' }, { 'cert-manager.io/certificate-name': 'issued' }),
    secret('broken-tls', { 'tls.crt': 'none', 'tls.key': 'none' }, { type: 'kubernetes.io/tls' }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cache', namespace: NS },
      data: { 'redis.yaml': `redis:\n  password: ${OLD.redis}\n`, trust: old.cert, other: 'as it was' },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'orders-app', namespace: NS },
      spec: { selector: {}, template: { metadata: {}, spec: { containers: [{ name: 'orders', env }] } } },
    },
  ];
  return { objects, old };
}

let recording: Recording;
let captured: Awaited<ReturnType<typeof capture>>;
let before: string;
let rotation: Rotation;

function declare(object: KubeObject): void {
  const { name } = object.metadata;
  if (object.kind === 'Secret') new k8s.core.v1.Secret(name, object as object);
  else if (object.kind === 'ConfigMap') new k8s.core.v1.ConfigMap(name, object as object);
  else new k8s.apps.v1.Deployment(name, object as unknown as k8s.apps.v1.DeploymentArgs);
}

beforeAll(async () => {
  captured = await capture();
  before = JSON.stringify(captured.objects);
  recording = await recordProgram(
    () => {
      rotation = new Rotation('rotation', {
        plan: productionPlan,
        objects: captured.objects,
        stores: { old: OLD, fresh: pulumi.secret(FRESH) },
        hosts: { 'api.go-coffee.com': 'api.fresh.test' },
      });
      for (const object of rotation.objects) declare(object);
    },
    { stack: 'fresh', generate: realKeys() },
  );
});

const declared = (name: string) => {
  const found = recording.find((each) => each.name === name && each.type.startsWith('kubernetes:'));
  if (found === undefined) throw new Error(`${name} is not declared`);
  return found;
};
const dataOf = (name: string) => declared(name).inputs.data as Record<string, string>;

describe('values', () => {
  test('of a kind that ciphers and parsers go on with', () => {
    const { 'jwt-secret': jwt, 'session-key': session, 'csrf-key': csrf, user } = dataOf('auth');
    expect(plain(jwt)).toMatch(/^[A-Za-z0-9]{48}$/);
    expect(Buffer.from(plain(session), 'base64')).toHaveLength(32);
    expect(plain(csrf)).toMatch(/^[0-9a-f]{64}$/);
    expect(plain(user)).toBe('auth');
  });

  test('are the same wherever the old one stood', () => {
    expect(plain(dataOf('verifier').key)).toBe(plain(dataOf('auth')['jwt-secret']));
    expect(plain(dataOf('orders').DATABASE_URL)).toBe(url(FRESH.postgres.application));
    expect(dataOf('cache')['redis.yaml']).toBe(`redis:\n  password: ${FRESH.redis}\n`);
    const deployment = JSON.stringify(declared('orders-app').inputs);
    expect(deployment).toContain(url(FRESH.postgres.application));
    expect(deployment).toContain('"hello"');
  });

  test('that an annotation names are new too', () => {
    expect(plain(dataOf('verifier').greeting)).toMatch(/^[A-Za-z0-9]{48}$/);
  });
});

test('no old value is left in anything that is declared, in no form', () => {
  const all = recording.filter(({ type }) => type.startsWith('kubernetes:'));
  const texts = all.flatMap(({ inputs }) => {
    const text = JSON.stringify(inputs);
    return [text, ...(text.match(/[A-Za-z0-9+/]{11,}={0,2}/g) ?? []).map(plain)];
  });
  const olds = [JWT, CIPHER, HEX, OLD.redis, ...Object.values(OLD.postgres), captured.old.private.slice(40, 80)];
  for (const old of olds) {
    expect(texts.filter((text) => text.includes(old) || text.includes(encodeURIComponent(old)))).toEqual([]);
  }
});

test('what was replaced is a secret for the engine; what was not is as it was', () => {
  const leaves = (name: string) => declared(name).secrets;
  expect(leaves('cache')).toEqual(['data.redis.yaml', 'data.trust']);
  expect(leaves('orders-app')).toEqual(['spec.template.spec.containers.0.env.0.value']);
  const fresh = [...Object.values(FRESH.postgres), FRESH.redis, plain(dataOf('auth')['jwt-secret'])];
  for (const each of recording.filter(({ type }) => type.startsWith('kubernetes:') && !type.endsWith(':Secret'))) {
    const open = structuredClone(each.inputs) as Record<string, unknown>;
    for (const path of each.secrets) hide(open, path);
    for (const value of fresh) expect(JSON.stringify(open)).not.toContain(value);
  }
  expect(JSON.stringify(captured.objects)).toBe(before);
});

/** A key may hold dots itself: the longest that is there counts. */
function hide(fields: Record<string, unknown>, path: string): void {
  const key = Object.keys(fields).find((each) => path === each || path.startsWith(`${each}.`));
  if (key === undefined) throw new Error(`no ${path}`);
  if (key === path) fields[key] = '***';
  else hide(fields[key] as Record<string, unknown>, path.slice(key.length + 1));
}

describe('certificates', () => {
  test('are for the same names, with a new key, by an authority of the stack', () => {
    const { 'tls.crt': crt, 'tls.key': key, 'ca.crt': ca } = dataOf('api-tls');
    const certificate = new X509Certificate(plain(crt));
    expect(certificate.verify(new X509Certificate(plain(ca)).publicKey)).toBe(true);
    expect(certificate.publicKey.equals(createPublicKey(plain(key)))).toBe(true);
    expect(certificate.publicKey.equals(new X509Certificate(captured.old.cert).publicKey)).toBe(false);
    const request = recording.find(({ type }) => type === 'tls:index/certRequest:CertRequest');
    expect(request?.inputs).toMatchObject({
      subject: { commonName: 'api.fresh.test' },
      dnsNames: ['api.fresh.test'],
      ipAddresses: ['10.0.0.7'],
    });
    const keys = recording.find(
      ({ type, name }) => type === 'tls:index/privateKey:PrivateKey' && name.includes('api-tls'),
    );
    expect(keys?.inputs).toMatchObject({ algorithm: 'ECDSA', ecdsaCurve: 'P384' });
    const issued = recording.find(({ type }) => type === 'tls:index/locallySignedCert:LocallySignedCert');
    expect(issued?.inputs).toMatchObject({
      validityPeriodHours: 8760,
      allowedUses: expect.arrayContaining(['server_auth']),
    });
  });

  test('one that several Secrets hold stays one, and whoever trusts it trusts the new one', () => {
    expect(dataOf('api-tls-copy')['tls.crt']).toBe(dataOf('api-tls')['tls.crt']);
    expect(dataOf('cache').trust?.trim()).toBe(plain(dataOf('api-tls')['tls.crt']).trim());
  });

  test('cert-manager’s are excluded, unreadable ones stay, and the notes name both', () => {
    expect(rotation.objects.map(({ metadata }) => metadata.name)).not.toContain('issued');
    expect(plain(dataOf('broken-tls')['tls.key'])).toBe('none');
    const notes = rotation.notes.join('\n');
    expect(notes).toContain('Secret go-coffee/issued is excluded: cert-manager issues it again');
    expect(notes).toContain("Secret go-coffee/broken-tls: its tls.crt can't be read as a certificate");
  });
});

test('what is left to people is named with its reason, what nobody knows is named, and no value is shown', () => {
  const notes = rotation.notes.join('\n');
  expect(notes).toMatch(/Secret go-coffee\/orders, STRIPE_API_KEY: left as captured\. Only who gave it out/);
  expect(notes).toMatch(/no rule of the plan matches these, and they are left as captured: go-coffee\/auth \(user\)/);
  expect(notes).not.toContain('lacks the old password');
  expect(notes).not.toContain('DATABASE_URL');
  for (const value of [JWT, CIPHER, OLD.redis, 'sk_live']) expect(notes).not.toContain(value);
});
