/** A renewed certificate: servers that read theirs at the start are started again, and everybody can see until when each is good. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { object } from '../objects.ts';
import { type RecordedResource, record } from '../recording.ts';

type Recorded = readonly RecordedResource[];

const withCertificates = (which: string, text: string) =>
  record(
    'local',
    {},
    {
      generate: async (type, name) =>
        type.startsWith('tls:') && name.endsWith(which) && /Cert$/.test(type) ? { certPem: text } : undefined,
    },
  );
interface Controller {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template: { readonly metadata: { readonly annotations?: Record<string, string> } } };
}

function digestOf(recording: Recorded, name: string): string | undefined {
  const all = recording.filter(({ type }) => /^kubernetes:apps\/v1:(StatefulSet|Deployment)$/.test(type));
  const found = all.map(({ inputs }) => inputs as unknown as Controller).find((each) => each.metadata.name === name);
  return found?.spec.template.metadata.annotations?.['go-coffee-dr/certificate'];
}

test.each([
  ['postgres', 'postgres', 'pgbackrest-repository'],
  ['repository', 'pgbackrest-repository', 'postgres'],
])('a renewed certificate of %s starts its server again, and no other', async (which, restarted, untouched) => {
  const [before, after] = [await withCertificates(which, 'first'), await withCertificates(which, 'second')];
  expect(digestOf(before, restarted)).toMatch(/^[0-9a-f]{64}$/);
  expect(digestOf(after, restarted)).not.toBe(digestOf(before, restarted));
  expect(digestOf(after, untouched)).toBe(digestOf(before, untouched));
});

test('another authority reaches both servers', async () => {
  const [before, after] = [await withCertificates('authority', 'first'), await withCertificates('authority', 'second')];
  for (const server of ['postgres', 'pgbackrest-repository'])
    expect(digestOf(after, server)).not.toBe(digestOf(before, server));
});

test('the monitor’s pod has the public part of each, and dr.yaml names it', async () => {
  const recording = await withCertificates('jobs', 'the renewed one');
  const { data } = object<{ data: Record<string, string> }>(recording, 'ConfigMap', 'dr-environment');
  const { certificates } = parse(data['dr.yaml'] ?? '') as { certificates: Record<string, string> };
  expect(certificates).toEqual({
    authority: '/etc/go-coffee-dr/certificate-authority.crt',
    postgres: '/etc/go-coffee-dr/certificate-postgres.crt',
    repository: '/etc/go-coffee-dr/certificate-repository.crt',
    jobs: '/etc/go-coffee-dr/certificate-jobs.crt',
    superuser: '/etc/go-coffee-dr/certificate-superuser.crt',
  });
  for (const path of Object.values(certificates)) expect(data[path.split('/').at(-1) ?? '']).toBeDefined();
  expect(data['certificate-jobs.crt']).toBe('the renewed one');
  expect(JSON.stringify(data)).not.toContain('PRIVATE KEY');
});
