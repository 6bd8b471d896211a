/** What a real API server does with the claims of a stack: a size is taken over from the controller, grows, and never shrinks. */
import { KubeConfig, KubernetesObjectApi, PatchStrategy } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import type { KubeObject } from '../../recovery/kubernetes/objects.ts';
import { kinds } from '../infra/objects.ts';
import { record } from '../infra/recording.ts';
import { oneServer } from './one-server.ts';

const NAMESPACE = 'go-coffee';
const own = oneServer('claims', async (server) => {
  await server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  for (const [name, allowVolumeExpansion] of [
    ['grows', true],
    ['fixed', false],
  ] as const) {
    const apiVersion = 'storage.k8s.io/v1';
    await server.create({
      apiVersion,
      kind: 'StorageClass',
      metadata: { name },
      provisioner: 'x.test',
      allowVolumeExpansion,
    });
  }
});

async function declared(storage: string, storageClass: string, name = 'data-postgres-0'): Promise<KubeObject> {
  const recording = await record('local', { postgres: { storage }, storageClasses: { postgres: storageClass } });
  const claim = kinds(recording, 'PersistentVolumeClaim').find(({ manifest }) => manifest.metadata.name === name);
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...(claim?.manifest as object) } as unknown as KubeObject;
}

/** As the provider with `patchForce`. */
async function apply(object: KubeObject): Promise<string> {
  const config = new KubeConfig();
  config.loadFromFile(own.server.kubeconfig);
  config.setCurrentContext('admin');
  const { annotations } = object.metadata;
  expect(annotations?.['pulumi.com/patchForce']).toBe('true');
  const api = KubernetesObjectApi.makeApiClient(config);
  const done = await api.patch(
    object as never,
    undefined,
    undefined,
    'pulumi-kubernetes-1',
    true,
    PatchStrategy.ServerSideApply,
  );
  const { spec } = done as unknown as { spec: { resources: { requests: { storage: string } } } };
  return spec.resources.requests.storage;
}

/** As the controller of the StatefulSet, and the driver of the class. */
async function madeByTheController(storageClassName: string, name = 'data-postgres-0'): Promise<void> {
  const made = await own.server.create({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: NAMESPACE },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: '20Gi' } } },
  });
  await own.server.putStatus(made, { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '20Gi' } });
}

test('a claim of the controller is taken over, grows where its class lets it, and becomes no smaller', async () => {
  await madeByTheController('grows');
  expect(await apply(await declared('20Gi', 'grows'))).toBe('20Gi');
  expect(await apply(await declared('30Gi', 'grows'))).toBe('30Gi');
  await expect(apply(await declared('10Gi', 'grows'))).rejects.toThrow(/field can not be less than/);
});

test('a class without allowVolumeExpansion refuses, in words that name it', async () => {
  const name = 'data-postgres-1';
  await madeByTheController('fixed', name);
  expect(await apply(await declared('20Gi', 'fixed', name))).toBe('20Gi');
  await expect(apply(await declared('30Gi', 'fixed', name))).rejects.toThrow(/must support resize/);
});
