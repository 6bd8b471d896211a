/** A capture that an older version wrote is laid down by what this version knows. */
import { mkdir, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { DrError } from '../../../../../recovery/core/errors.ts';
import { makeCapture } from '../../../../../recovery/workloads/objects/make.ts';
import { readFolder } from '../../../../../recovery/workloads/objects/snapshot/part.ts';
import { writePart } from '../../../../../recovery/workloads/objects/stored.ts';
import { scratch } from '../../../../scratch.ts';
import { captureOf, read, served } from '../make-object.ts';

test('what the copy does not hold is said with it', async () => {
  const folder = await scratch();
  const error = new DrError({ code: 'NAMESPACE-MISSING', where: 'x', fact: 'there is no namespace "tea"', hint: 'x' });
  const capture = makeCapture({
    describe: 'context test',
    version: 'v1.34.4',
    namespaces: ['shop'],
    silentGroups: [],
    unread: [],
    snapshotClasses: new Map(),
    lacking: [{ name: 'tea', error }],
    gaps: [{ part: 'manifests', what: 'StorageClass.storage.k8s.io fast', why: 'the cluster does not have it' }],
    read: [read(served('cert-manager.io/v1', 'Certificate', 'shop'))],
  });
  const capturedAt = '2026-11-25T02:00:00.000Z';
  const notesOf = async (part: 'manifests' | 'access') => {
    await rm(folder, { recursive: true });
    await mkdir(folder);
    const index = await writePart(capture, part, folder, new Date(capturedAt));
    expect(index.lackingNamespaces).toEqual(['tea']);
    return (await readFolder(folder, { workload: part, point: 'p', snapshot: 's', part, capturedAt })).notes;
  };
  expect(await notesOf('manifests')).toEqual([
    'cert-manager: their custom resources come after their definitions and before the workloads, which wait for what they make',
    'not captured: namespace tea: there is no namespace "tea"',
    'not captured: StorageClass.storage.k8s.io fast: the cluster does not have it',
    expect.stringMatching(/^not captured: cert-manager itself: /),
  ]);
  expect(await notesOf('access')).toEqual(['not captured: namespace tea: there is no namespace "tea"']);
});

test('what a fence had changed when it was taken is as before the fence', async () => {
  const folder = await scratch();
  const capture = captureOf(served('apps/v1', 'Deployment', 'api'));
  const stopped = served('apps/v1', 'Deployment', 'api', {
    metadata: { annotations: { 'go-coffee-dr/replicas-before-fence': '2' } },
    spec: { replicas: 0 },
  });
  const quota = served('v1', 'ResourceQuota', 'dr-fence', { spec: { hard: { pods: '0' } } });
  const older = [stopped, quota].map((object) => ({ object, finalizers: [], outside: [] }));
  const parts = { ...capture.parts, manifests: older };
  const capturedAt = '2026-11-25T02:00:00.000Z';
  await writePart({ ...capture, parts }, 'manifests', folder, new Date(capturedAt));
  const { objects } = await readFolder(folder, {
    workload: 'manifests',
    point: 'p',
    snapshot: 's',
    part: 'manifests',
    capturedAt,
  });
  expect(objects.map(({ object }) => [object.kind, object.spec])).toEqual([['Deployment', { replicas: 2 }]]);
});
