/** Pure: what an account may read of the cluster's API, besides Patroni. Nobody else may read anything, and nobody writes. */
import type { PolicyRule } from './manifests.ts';

export interface Rights {
  /** In the platform's namespace. */
  readonly namespaced: readonly PolicyRule[];
  /** Of the whole cluster. */
  readonly clusterWide: readonly PolicyRule[];
}

const READ = ['get', 'list'];

/** By API group: cluster-scoped kinds that objects of a namespace can name, or that select it. */
const CAPTURED_OF_THE_CLUSTER: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles', 'clusterrolebindings'], verbs: READ },
  { apiGroups: ['scheduling.k8s.io'], resources: ['priorityclasses'], verbs: READ },
  { apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: READ },
  { apiGroups: ['storage.k8s.io'], resources: ['storageclasses', 'volumeattributesclasses'], verbs: ['get'] },
  { apiGroups: ['snapshot.storage.k8s.io'], resources: ['volumesnapshotclasses'], verbs: ['get'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingressclasses'], verbs: ['get'] },
  { apiGroups: ['gateway.networking.k8s.io'], resources: ['gatewayclasses'], verbs: ['get'] },
  { apiGroups: ['node.k8s.io'], resources: ['runtimeclasses'], verbs: ['get'] },
  { apiGroups: ['resource.k8s.io'], resources: ['deviceclasses'], verbs: ['get'] },
  { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: ['get'] },
  { apiGroups: ['apiregistration.k8s.io'], resources: ['apiservices'], verbs: ['get'] },
];

/** `clusterissuers.cert-manager.io`, as definitions are named → a rule. */
function ruleOf(definition: string): PolicyRule {
  const dot = definition.indexOf('.');
  return { apiGroups: [definition.slice(dot + 1)], resources: [definition.slice(0, dot)], verbs: ['get'] };
}

/**
 * A backup reads every kind of the namespace, Secrets too: what it may not see would be missing in a copy that looks complete.
 * @param definitions cluster-scoped custom kinds that the platform's objects name
 */
export function captureRights(definitions: readonly string[]): Rights {
  return {
    namespaced: [{ apiGroups: ['*'], resources: ['*'], verbs: READ }],
    clusterWide: [...CAPTURED_OF_THE_CLUSTER, ...definitions.map(ruleOf)],
  };
}

/** Whether services are ready, and why not. No Secret, no ConfigMap. */
export function healthRights(namespace: string): Rights {
  return {
    namespaced: [
      { apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: READ },
      { apiGroups: [''], resources: ['pods'], verbs: READ },
    ],
    // What is given in a namespace goes with it; "it is gone" has to be told from "you may not see it".
    clusterWide: [{ apiGroups: [''], resources: ['namespaces'], resourceNames: [namespace], verbs: ['get'] }],
  };
}
