/** Rights of the accounts that read the cluster's API. Apart from Patroni no account writes. Pure. */
import type { PolicyRule } from './manifests.ts';

export interface Rights {
  /** In the platform's namespaces; the monitor's in its own. */
  readonly namespaced: readonly PolicyRule[];
  /** Of the whole cluster. */
  readonly clusterWide: readonly PolicyRule[];
}

const READ = ['get', 'list'];

/** By API group: cluster-scoped kinds that objects of a namespace refer to, or that select the namespace. */
const CAPTURED_OF_THE_CLUSTER: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['clusterroles', 'clusterrolebindings', 'rolebindings'],
    verbs: READ,
  },
  { apiGroups: ['scheduling.k8s.io'], resources: ['priorityclasses'], verbs: READ },
  { apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: READ },
  { apiGroups: ['storage.k8s.io'], resources: ['storageclasses', 'volumeattributesclasses'], verbs: ['get'] },
  { apiGroups: ['snapshot.storage.k8s.io'], resources: ['volumesnapshotclasses'], verbs: READ },
  { apiGroups: ['networking.k8s.io'], resources: ['ingressclasses'], verbs: ['get'] },
  { apiGroups: ['gateway.networking.k8s.io'], resources: ['gatewayclasses'], verbs: ['get'] },
  { apiGroups: ['node.k8s.io'], resources: ['runtimeclasses'], verbs: ['get'] },
  { apiGroups: ['resource.k8s.io'], resources: ['deviceclasses'], verbs: ['get'] },
  { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: ['get'] },
  { apiGroups: ['apiregistration.k8s.io'], resources: ['apiservices'], verbs: READ },
];

/** The name of a definition, e.g. `clusterissuers.cert-manager.io` → a rule. */
function ruleOf(definition: string): PolicyRule {
  const dot = definition.indexOf('.');
  return { apiGroups: [definition.slice(dot + 1)], resources: [definition.slice(0, dot)], verbs: ['get'] };
}

/**
 * A backup reads every kind of the namespace, Secrets too: without a right its snapshot would be incomplete and look complete.
 * @param definitions cluster-scoped custom kinds that the platform's objects refer to
 */
export function captureRights(definitions: readonly string[]): Rights {
  return {
    namespaced: [{ apiGroups: ['*'], resources: ['*'], verbs: READ }],
    clusterWide: [...CAPTURED_OF_THE_CLUSTER, ...definitions.map(ruleOf)],
  };
}

/** Enough to tell whether services are ready, and why not. It covers neither Secrets nor ConfigMaps. */
export function healthRights(namespaces: readonly string[]): Rights {
  return {
    namespaced: [
      { apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: READ },
      { apiGroups: [''], resources: ['pods'], verbs: READ },
      // Whether one denies by default.
      { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: READ },
    ],
    // A right in a namespace is deleted with it. This one tells "the namespace is gone" from "access denied".
    clusterWide: [{ apiGroups: [''], resources: ['namespaces'], resourceNames: [...namespaces], verbs: ['get'] }],
  };
}

/** For the monitor: whether the platform's namespaces exist, and how the drills in its own namespace ended. */
export function watchRights(platform: readonly string[]): Rights {
  return {
    namespaced: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
    clusterWide: [{ apiGroups: [''], resources: ['namespaces'], resourceNames: [...platform], verbs: ['get'] }],
  };
}
