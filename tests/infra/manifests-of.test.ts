import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { type KubernetesObject, kubernetesObjects } from './manifests-of.ts';
import { realKeys } from './real-keys.ts';
import { record } from './recording.ts';

const decode = (object: KubernetesObject | undefined) => (object?.manifest.stringData ?? {}) as Record<string, string>;

test('objects come after what they depend on, with real keys', async () => {
  const keep = new Map();
  const objects = kubernetesObjects(await record('local', {}, { generate: realKeys(keep) }));
  const place = new Map(objects.map(({ urn }, i) => [urn, i] as const));
  for (const [i, { dependsOn }] of objects.entries()) {
    for (const urn of dependsOn) expect(place.get(urn)).toBeLessThan(i);
  }
  expect(objects[0]?.manifest.kind).toBe('Namespace');
  const named = (kind: string, name: string) =>
    objects.find(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name);
  const members = named('StatefulSet', 'postgres');
  const waitsFor = members?.dependsOn.map((urn) => objects[place.get(urn) as number]?.manifest);
  const kinds = new Set(waitsFor?.map((manifest) => manifest?.kind));
  for (const kind of ['NetworkPolicy', 'ServiceAccount', 'Role', 'RoleBinding', 'Secret', 'ConfigMap', 'Service']) {
    expect(kinds).toContain(kind);
  }
  const tls = decode(named('Secret', 'postgres-tls'));
  const certificate = new X509Certificate(tls['tls.crt'] ?? '');
  expect(certificate.verify(new X509Certificate(tls['ca.crt'] ?? '').publicKey)).toBe(true);
  expect(certificate.subject).toBe('CN=postgres');
  expect(certificate.subjectAltName).toContain('DNS:postgres.go-coffee.svc');
  const again = kubernetesObjects(await record('local', {}, { generate: realKeys(keep) }));
  expect(again.map(({ manifest }) => manifest)).toEqual(objects.map(({ manifest }) => manifest));
  expect(decode(named('Secret', 'postgres-passwords')).superuser).toMatch(/^[A-Za-z0-9]{48}$/);
});
