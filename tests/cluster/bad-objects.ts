/** What clusters really hold: objects that a recovery meets and can't make, or must not stumble over. */
import pMap from 'p-map';
import type { Api, Manifest } from './api.ts';
import { applyWhenKnown } from './apply.ts';
import { menus, OBJECTS } from './services/manifests.ts';

const HUNDREDS = 200;
/** Of the custom kind, from before its definition became stricter. */
export const BAD = { kind: 'Menu', name: 'of-an-older-schema' } as const;

const configMap = (name: string, namespace: string, more: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: { 'go-coffee/kind': 'flavour' }, ...more },
  data: { flavour: name },
});

export const flavours = (namespace: string): Manifest[] =>
  Array.from({ length: HUNDREDS }, (_, i) => configMap(`flavour-${i}`, namespace));

/** Its service never comes back, and it is asked about every change of a menu. */
function lostWebhook(namespace: string): Manifest {
  const [, ...group] = OBJECTS.crd.split('.');
  const webhook = {
    name: `menus.${namespace}.example`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    clientConfig: { service: { name: 'menu-checker-that-is-gone', namespace, path: '/' } },
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    rules: [
      { apiGroups: [group.join('.')], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['menus'] },
    ],
  };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'menu-checker' },
    webhooks: [webhook],
  };
}

/** Someone deleted it, and whoever should let it go is gone. */
async function stuckOnFinalizer(api: Api, namespace: string): Promise<void> {
  const stuck = configMap('stuck', namespace, { finalizers: ['go-coffee.example/never'] });
  await api.apply(stuck);
  await api.remove(stuck);
}

export async function makeBadObjects(api: Api, namespace: string): Promise<void> {
  await pMap(flavours(namespace), (each) => api.apply(each), { concurrency: 8 });
  const [, ...group] = OBJECTS.crd.split('.');
  await applyWhenKnown(api, {
    apiVersion: `${group.join('.')}/v1`,
    kind: BAD.kind,
    metadata: { name: BAD.name, namespace },
    spec: { drinks: ['without a price'], vintage: 2019 },
  });
  // No such vintage any more: what has one stays, and can't be made again.
  const vintage = { type: 'integer', minimum: 2025 };
  await api.apply(menus(namespace, { type: 'object', properties: { vintage } }).crd);
  await api.apply(lostWebhook(namespace));
  await stuckOnFinalizer(api, namespace);
}
