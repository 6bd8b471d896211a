/** Cluster-scoped objects that others name: classes, roles, definitions, issuers. Found by what a reference looks like. */
import { selects } from '../../kubernetes/labels.ts';
import {
  fieldsOf,
  groupOf,
  type KubeObject,
  kindName,
  listOf,
  type ReadObject,
  type ResourceType,
} from '../../kubernetes/objects.ts';

export interface Reference {
  readonly type: ResourceType;
  readonly name: string;
}

/** Fields that hold a class's name, wherever they stand. */
const CLASS_FIELDS: Readonly<Record<string, string>> = {
  priorityClassName: 'PriorityClass',
  storageClassName: 'StorageClass',
  ingressClassName: 'IngressClass',
  gatewayClassName: 'GatewayClass',
  runtimeClassName: 'RuntimeClass',
  deviceClassName: 'DeviceClass',
  volumeSnapshotClassName: 'VolumeSnapshotClass',
  volumeAttributesClassName: 'VolumeAttributesClass',
};

/** Annotations of the years before those fields. */
const CLASS_ANNOTATIONS: Readonly<Record<string, string>> = {
  'kubernetes.io/ingress.class': 'IngressClass',
  'volume.beta.kubernetes.io/storage-class': 'StorageClass',
};

const POLICY_BINDINGS: Readonly<Record<string, string>> = {
  ValidatingAdmissionPolicyBinding: 'ValidatingAdmissionPolicy',
  MutatingAdmissionPolicyBinding: 'MutatingAdmissionPolicy',
};

/** Belong to a node or to data, not to the platform's description. */
const NEVER = new Set(['Node', 'PersistentVolume', 'Namespace', 'CSINode', 'CSIDriver', 'VolumeSnapshotContent']);

interface Named {
  readonly kind: string;
  readonly name: string;
  readonly group?: string | undefined;
}

function groupGiven(fields: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof fields.apiGroup === 'string') return fields.apiGroup;
  if (typeof fields.group === 'string') return fields.group;
  return typeof fields.apiVersion === 'string' ? groupOf({ apiVersion: fields.apiVersion }) : undefined;
}

/** `{kind, name}` anywhere, as roleRef, issuerRef and their like are written, and names of classes. */
function namedIn(value: unknown): Named[] {
  if (Array.isArray(value)) return value.flatMap(namedIn);
  const fields = fieldsOf(value);
  const { kind, name } = fields;
  const own = typeof kind === 'string' && typeof name === 'string' ? [{ kind, name, group: groupGiven(fields) }] : [];
  const inner = Object.entries(fields).flatMap(([key, item]) => {
    const ofClass = Object.hasOwn(CLASS_FIELDS, key) ? CLASS_FIELDS[key] : undefined;
    return ofClass !== undefined && typeof item === 'string' ? [{ kind: ofClass, name: item }] : namedIn(item);
  });
  return [...own, ...inner];
}

function ofAnnotations({ metadata }: KubeObject): Named[] {
  return Object.entries(metadata.annotations ?? {}).flatMap(([key, name]) => {
    const kind = Object.hasOwn(CLASS_ANNOTATIONS, key) ? CLASS_ANNOTATIONS[key] : undefined;
    return kind === undefined ? [] : [{ kind, name }];
  });
}

function ofBinding({ kind, spec }: KubeObject): Named[] {
  const policy = POLICY_BINDINGS[kind];
  const { policyName } = fieldsOf(spec);
  return policy !== undefined && typeof policyName === 'string' ? [{ kind: policy, name: policyName }] : [];
}

/** Groups without a dot, and these, are Kubernetes' own; of the others a definition may be asked for. */
const OWN_GROUPS =
  /^(authentication|authorization|rbac\.authorization|networking|storage|scheduling|policy|coordination|node|discovery|events|certificates|admissionregistration|apiextensions|apiregistration|flowcontrol\.apiserver|internal\.apiserver|resource)\.k8s\.io$/;

function definitionOf({ type }: ReadObject): Named[] {
  if (!type.group.includes('.') || OWN_GROUPS.test(type.group)) return [];
  return [{ kind: 'CustomResourceDefinition', name: `${type.plural}.${type.group}` }];
}

/** Each cluster-scoped object that `read` names, once. Some may not be there. */
export function referencesOf(read: readonly ReadObject[], types: readonly ResourceType[]): Reference[] {
  const clusterWide = types.filter(({ namespaced, kind }) => !namespaced && !NEVER.has(kind));
  const found = new Map<string, Reference>();
  for (const each of read) {
    const { metadata: _, status: __, apiVersion: ___, kind: ____, ...content } = each.object;
    const named = [
      ...namedIn(content),
      ...ofAnnotations(each.object),
      ...ofBinding(each.object),
      ...definitionOf(each),
    ];
    for (const { kind, name, group } of named) {
      for (const type of clusterWide) {
        if (type.kind !== kind || name === '' || (group !== undefined && group !== type.group)) continue;
        found.set(`${kindName(type)} ${name}`, { type, name });
      }
    }
  }
  return [...found.values()];
}

/** ClusterRoles that an aggregated one draws its rules from. */
export function aggregatedBy(role: KubeObject, all: readonly KubeObject[]): KubeObject[] {
  const selectors = listOf(fieldsOf(role.aggregationRule).clusterRoleSelectors);
  return all.filter(({ metadata }) => selectors.some((selector) => selects(selector, metadata.labels)));
}

/** Bindings that give an account of these namespaces something of the whole cluster. */
export function givesToNamespaces(binding: KubeObject, namespaces: readonly string[]): boolean {
  return listOf(binding.subjects).some((subject) => {
    const { kind, name, namespace } = fieldsOf(subject);
    if (kind === 'ServiceAccount') return namespaces.includes(String(namespace));
    return kind === 'Group' && namespaces.some((each) => name === `system:serviceaccounts:${each}`);
  });
}
