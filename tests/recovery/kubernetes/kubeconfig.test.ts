/** A kubeconfig that can't work is told before anything connects, and its text is never quoted. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readKubeconfig } from '../../../recovery/kubernetes/kubeconfig.ts';
import { scratch } from '../../scratch.ts';

const NOW = new Date('2026-11-23T02:00:00Z');
const VALID = { notBeforeDate: new Date('2026-01-01T00:00:00Z'), notAfterDate: new Date('2027-01-01T00:00:00Z') };
const ENDED = { ...VALID, notAfterDate: new Date('2026-11-01T00:00:00Z') };

interface Pair {
  readonly cert: string;
  readonly private: string;
}
let valid: Pair;
let other: Pair;
let ended: Pair;

beforeAll(async () => {
  const make = (dates: typeof VALID): Promise<Pair> => generate(undefined, dates);
  [valid, other, ended] = await Promise.all([make(VALID), make(VALID), make(ENDED)]);
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
}

function text({ cluster = {}, user = { token: 'secret-token' }, context = {} }: Parts = {}): string {
  return stringify({
    clusters: [{ name: 'eu', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
    users: [{ name: 'ops', user }],
    contexts: [{ name: 'production', context: { cluster: 'eu', user: 'ops', ...context } }],
    'current-context': 'elsewhere',
  });
}

const faultsOf = (given: string, context = 'production') =>
  readKubeconfig({ text: given, name: 'the file', context, now: NOW }).faults.map(({ about, fact }) => [about, fact]);

const client = ({ cert, private: key }: Pair) => ({
  'client-certificate-data': base64(cert),
  'client-key-data': base64(key),
});

test('what is whole has no fault, and its context is the one that was asked for', () => {
  const whole = text({ cluster: { 'certificate-authority-data': base64(other.cert) }, user: client(valid) });
  const { config, faults } = readKubeconfig({ text: whole, name: 'the file', context: 'production', now: NOW });
  expect(faults).toEqual([]);
  expect(config?.getCurrentContext()).toBe('production');
});

test.each([
  ['no YAML', 'users: [{name: a, user: {token: secret-token', 'text', 'the file is not a kubeconfig'],
  ['a cluster without a server', 'clusters: [{name: a, cluster: {}}]', 'text', 'clusters[0].cluster.server is missing'],
  ['nothing', '', 'text', 'the file is not a kubeconfig'],
  ['words', 'secret-token', 'context', 'the file has no context "production"'],
  ['another cluster', text({ context: { cluster: 'us' } }), 'part', 'names a cluster or a user that the file lacks'],
  ['another user', text({ context: { user: 'x' } }), 'part', 'names a cluster or a user that the file lacks'],
])('of %s', (_, given, about, fact) => {
  const faults = faultsOf(given);
  expect(faults).toEqual([[about, expect.stringContaining(fact)]]);
  expect(JSON.stringify(faults)).not.toContain('secret-token');
});

test('a context with another name is told, with the nearest', () => {
  expect(faultsOf(text(), 'prodution')).toEqual([['context', expect.stringContaining('Did you mean "production"?')]]);
});

test('certificates that are broken, of another key, expired or not there', async () => {
  const torn = base64(valid.cert.slice(0, 200));
  const of = (parts: Parts) => faultsOf(text(parts)).map(([, fact]) => fact);
  expect(of({ cluster: { 'certificate-authority-data': torn } })).toEqual([
    'the file: certificate-authority of "eu" is broken',
  ]);
  expect(of({ user: { ...client(valid), 'client-certificate-data': torn } })).toEqual([
    'the file: client-certificate of "ops" is broken',
  ]);
  expect(of({ user: { ...client(valid), 'client-key-data': base64('secret-key') } })).toEqual([
    'the file: client-key of "ops" is broken',
  ]);
  expect(of({ user: { ...client(valid), 'client-key-data': base64(other.private) } })).toEqual([
    'the file: client-key of "ops" is not the one of its client-certificate',
  ]);
  expect(of({ user: { 'client-certificate-data': base64(valid.cert) } })).toEqual([
    'the file: client-certificate of "ops" has no client-key',
  ]);
  expect(of({ user: client(ended) })).toEqual([
    expect.stringMatching(/client-certificate of "ops" has expired: Nov +1/),
  ]);
});

test('a field that is left empty is none', () => {
  const cluster = { 'certificate-authority-data': '' };
  const user = { token: 'secret-token', 'client-certificate-data': '', 'client-key-data': '' };
  expect(faultsOf(text({ cluster, user }))).toEqual([]);
});

test('files that it names are looked for beside it', async () => {
  const folder = await scratch();
  await writeFile(join(folder, 'ca.crt'), other.cert);
  const given = text({
    cluster: { 'certificate-authority': 'ca.crt' },
    user: { ...client(valid), 'client-key-data': undefined, 'client-key': 'ops.key' },
  });
  const path = join(folder, 'kubeconfig');
  const { faults } = readKubeconfig({ text: given, name: path, path, context: 'production', now: NOW });
  expect(faults.map(({ fact }) => fact)).toEqual([
    `${path}: client-key of "ops": ${join(folder, 'ops.key')} can't be read (ENOENT)`,
  ]);
});
