/** What the API server says of manifests without keeping them: schema, defaults, admission. */
import pMap from 'p-map';
import type { KubernetesObject } from '../infra/manifests-of.ts';
import type { Api, Manifest } from './api.ts';

/** Of the Prometheus operator, which is not here: enough to be known, so that the rest of the object is looked at. */
const OPERATOR = [
  ['monitoring.coreos.com', 'v1', 'ServiceMonitor', 'servicemonitors'],
  ['monitoring.coreos.com', 'v1', 'PrometheusRule', 'prometheusrules'],
  ['monitoring.coreos.com', 'v1alpha1', 'AlertmanagerConfig', 'alertmanagerconfigs'],
] as const;

export async function defineOperatorKinds(api: Api): Promise<void> {
  for (const [group, version, kind, plural] of OPERATOR) {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await api.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind, plural, singular: kind.toLowerCase() },
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    });
  }
}

async function refusal(api: Api, manifest: Manifest): Promise<string[]> {
  return api.apply(manifest, { dryRun: true }).then(
    () => [],
    (error: Error) => [error.message],
  );
}

/** Messages of the objects that the server would refuse. The namespaces are made, and removed again: nothing fits into none. */
export async function refusals(api: Api, objects: readonly KubernetesObject[]): Promise<string[]> {
  const manifests = objects.map(({ manifest }) => manifest);
  const namespaces = manifests.filter(({ kind }) => kind === 'Namespace');
  for (const namespace of namespaces) await api.apply(namespace);
  try {
    const others = manifests.filter(({ kind }) => kind !== 'Namespace');
    return (await pMap(others, (manifest) => refusal(api, manifest), { concurrency: 8 })).flat();
  } finally {
    for (const namespace of namespaces) await api.remove(namespace);
  }
}
