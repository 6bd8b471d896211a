/** Objects as a server gives them, with all that it adds. */
import {
  type KubeObject,
  kindName,
  type ReadObject,
  type ResourceType,
} from '../../../../recovery/kubernetes/objects.ts';
import { makeCapture } from '../../../../recovery/workloads/objects/make.ts';

export function typeOf(
  apiVersion: string,
  kind: string,
  namespaced = true,
  plural = `${kind.toLowerCase()}s`,
): ResourceType {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return { group, version, kind, plural, namespaced, otherVersions: [] };
}

let made = 0;

/** In the namespace `shop`; `metadata` may say otherwise. */
export function served(apiVersion: string, kind: string, name: string, more: Record<string, unknown> = {}): KubeObject {
  made += 1;
  const { metadata, ...fields } = more;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${made}`,
      resourceVersion: String(made),
      generation: 1,
      creationTimestamp: '2026-11-25T00:00:00Z',
      managedFields: [{ manager: 'kubectl', operation: 'Update' }],
      ...(metadata as object),
    },
    ...fields,
  };
}

export function clusterWide(
  apiVersion: string,
  kind: string,
  name: string,
  more: Record<string, unknown> = {},
): KubeObject {
  return served(apiVersion, kind, name, { ...more, metadata: { namespace: undefined, ...(more.metadata as object) } });
}

export function ownedBy({ apiVersion, kind, metadata }: KubeObject): object {
  return { ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true }] };
}

export function read(object: KubeObject): ReadObject {
  return { type: typeOf(object.apiVersion, object.kind, object.metadata.namespace !== undefined), object };
}

/** Of the API's own cluster-scoped kinds, those that a capture asks for. */
export const CLUSTER_TYPES: readonly ResourceType[] = [
  typeOf('v1', 'Namespace', false),
  typeOf('v1', 'PersistentVolume', false),
  typeOf('rbac.authorization.k8s.io/v1', 'ClusterRole', false),
  typeOf('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', false),
  typeOf('scheduling.k8s.io/v1', 'PriorityClass', false, 'priorityclasses'),
  typeOf('storage.k8s.io/v1', 'StorageClass', false, 'storageclasses'),
  typeOf('networking.k8s.io/v1', 'IngressClass', false, 'ingressclasses'),
  typeOf('apiextensions.k8s.io/v1', 'CustomResourceDefinition', false),
  typeOf('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', false, 'validatingadmissionpolicies'),
  typeOf('cert-manager.io/v1', 'ClusterIssuer', false),
];

export const keyOf = ({ type, name }: { readonly type: ResourceType; readonly name: string }): string =>
  `${kindName(type)} ${name}`;

/** What a backup makes of these objects of one namespace. */
export function captureOf(...objects: readonly KubeObject[]) {
  return makeCapture({
    describe: 'context test',
    version: 'v1.34.4',
    namespaces: ['shop'],
    silentGroups: [],
    unread: [],
    lacking: [],
    gaps: [],
    snapshotClasses: new Map(),
    read: objects.map(read),
  });
}
