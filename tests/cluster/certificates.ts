/** The cluster's authority, its certificates, and the kubeconfigs made of them. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { stringify } from 'yaml';
import { NETWORK, NODE, type Place } from './place.ts';

const COMMON = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;
const DAY_MS = 86_400_000;

interface Names {
  readonly commonName: string;
  /** The group, as Kubernetes sees it. */
  readonly organization?: string;
  readonly dns: readonly string[];
  readonly addresses?: readonly string[];
}

const CERTIFICATES: Readonly<Record<'apiserver' | 'admin' | 'kubelet', Names>> = {
  apiserver: {
    commonName: 'kube-apiserver',
    dns: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
    addresses: ['127.0.0.1', NETWORK.apiService, NETWORK.nodeIp],
  },
  admin: { commonName: 'admin', organization: 'system:masters', dns: ['admin'] },
  kubelet: {
    commonName: `system:node:${NODE}`,
    organization: 'system:nodes',
    dns: [NODE],
    addresses: ['127.0.0.1', NETWORK.nodeIp],
  },
};

function validity() {
  return { notBeforeDate: new Date(Date.now() - DAY_MS), notAfterDate: new Date(Date.now() + 30 * DAY_MS) };
}

async function sign(names: Names, ca: { key: string; cert: string }) {
  const organization =
    names.organization === undefined ? [] : [{ name: 'organizationName', value: names.organization }];
  return generate([...organization, { name: 'commonName', value: names.commonName }], {
    ...COMMON,
    ...validity(),
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.dns.map((value) => ({ type: 2 as const, value })),
          ...(names.addresses ?? []).map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  });
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function kubeconfig(user: string, ca: string, pair: { cert: string; private: string }): string {
  const server = `https://127.0.0.1:${NETWORK.apiPort}`;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'local', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [
      {
        name: user,
        user: { 'client-certificate-data': base64(pair.cert), 'client-key-data': base64(pair.private) },
      },
    ],
    contexts: [{ name: 'local', context: { cluster: 'local', user } }],
    'current-context': 'local',
  });
}

/** Writes `pki/` and the two kubeconfigs. */
export async function makeCertificates(place: Place): Promise<void> {
  const folder = join(place.folder, 'pki');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const put = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  const ca = await generate([{ name: 'commonName', value: 'go-coffee test cluster' }], {
    ...COMMON,
    ...validity(),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  await put('ca.crt', ca.cert);
  for (const [name, names] of Object.entries(CERTIFICATES)) {
    const pair = await sign(names, { key: ca.private, cert: ca.cert });
    await put(`${name}.crt`, pair.cert);
    await put(`${name}.key`, pair.private);
    if (name === 'apiserver') continue;
    const path = name === 'admin' ? place.kubeconfig : join(place.folder, `${name}.kubeconfig`);
    await writeFile(path, kubeconfig(name, ca.cert, pair), { mode: 0o600 });
  }
  const accounts = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await put('accounts.key', accounts.privateKey);
  await put('accounts.pub', accounts.publicKey);
}
