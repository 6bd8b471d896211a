/** Folders that begin from a copy: which of them, from what, and who waits for it. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { environmentSchema } from '../../../recovery/config/environment.ts';
import { kinds, object, podOf, predecessors } from '../objects.ts';
import { type Recording, record } from '../recording.ts';
import { PIN, RECOVERY, upBefore } from '../recovered/recovery-stack.ts';

const POINT = '20261123T010000Z-full-0000';
const files = ['uploads', 'static-assets'].map((workload) => ({
  workload,
  point: POINT,
  snapshot: 'b'.repeat(64),
  capturedAt: '2026-11-23T01:00:30.000Z',
}));
const folders = { uploads: 'uploads-claim', 'event-store': 'events-claim' };
const jobsOf = (recording: Recording) =>
  kinds(recording, 'Job').filter(({ manifest }) => manifest.metadata.name.startsWith('dr-seed-'));

test('each that has a claim and a copy is filled from the pinned point before services use it', async () => {
  const recording = await record('local', { ...RECOVERY, folders }, upBefore({ ...PIN, files }));
  const jobs = jobsOf(recording);
  // No copy of the events is pinned, and no claim holds the assets.
  expect(jobs.map(({ manifest }) => manifest.metadata.name)).toEqual(['dr-seed-uploads']);
  const { metadata } = jobs[0]?.manifest ?? {};
  expect(metadata).toMatchObject({
    namespace: 'go-coffee-dr',
    annotations: { 'pulumi.com/replaceUnready': 'true' },
  });
  const { spec, labels } = podOf(recording, 'Job dr-seed-uploads');
  const [container] = spec.containers;
  expect(container?.args).toEqual(['seed', 'uploads', '--from', 'secondary', '--to', POINT]);
  const mounted = container?.volumeMounts.find(({ mountPath }) => mountPath === '/data/uploads');
  expect(mounted?.readOnly ?? false).toBe(false);
  expect(spec.volumes.find(({ name }) => name === mounted?.name)).toMatchObject({
    persistentVolumeClaim: { claimName: 'uploads-claim', readOnly: false },
  });
  const environment = environmentSchema.parse(
    parse(object<{ data: Record<string, string> }>(recording, 'ConfigMap', 'dr-environment').data['dr.yaml'] ?? ''),
  );
  expect(environment.folders.uploads?.path).toBe(mounted?.mountPath);
  // To read repositories, and for nothing else.
  expect(Object.keys(labels).filter((label) => label.startsWith('reach.'))).toEqual([
    'reach.go-coffee/dns',
    'reach.go-coffee/object-storage',
  ]);
  expect(container?.volumeMounts.map(({ name }) => name)).not.toContain('dr-writer');
  expect(predecessors(recording, 'Job', 'dr-seed-uploads')).toEqual(
    expect.arrayContaining(['ConfigMap dr-environment', 'Secret dr-restorer']),
  );
});

test('after a promotion from what the followed site has left last, and nothing waits for it; a standby fills none', async () => {
  const changes = { folders: { uploads: 'uploads-claim' } };
  const before = { previous: { leads: false, site: 'eu-west-1', generation: 1 } };
  const leading = await record('dr', { role: 'primary', ...changes }, before);
  expect(podOf(leading, 'Job dr-seed-uploads').spec.containers[0]?.args).toEqual([
    'seed',
    'uploads',
    '--from',
    'secondary',
    '--to',
    'latest',
  ]);
  expect(jobsOf(leading)[0]?.manifest.metadata.annotations).toEqual({ 'pulumi.com/skipAwait': 'true' });
  expect(jobsOf(await record('dr', changes))).toEqual([]);
  expect(jobsOf(await record('production', changes))).toEqual([]);
});
