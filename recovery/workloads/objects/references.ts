/** Cluster-scoped objects that others name: classes, roles, definitions, issuers. Found by what a reference looks like. */
import { selects } from '../../kubernetes/labels.ts';
import {
  fieldsOf,
  groupOf,
  type KubeObject,
  kindName,
  listOf,
  nameOf,
  type ReadObject,
  type ResourceType,
} from '../../kubernetes/objects.ts';

export interface Reference {
  readonly type: ResourceType;
  readonly name: string;
  /** `nameOf` of the objects that name it. */
  readonly by: readonly string[];
  /** Whether something is missing where there is no such object. */
  readonly needed: boolean;
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
  /** It may name nothing: a controller without a class of its own, a kind that another server serves. @default false */
  readonly loose?: true;
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
  const group = groupGiven(fields);
  // Without a group it may be another kind of that name.
  const loose = group === undefined ? ({ loose: true } as const) : {};
  const own = typeof kind === 'string' && typeof name === 'string' ? [{ kind, name, group, ...loose }] : [];
  const inner = Object.entries(fields).flatMap(([key, item]) => {
    const ofClass = Object.hasOwn(CLASS_FIELDS, key) ? CLASS_FIELDS[key] : undefined;
    return ofClass !== undefined && typeof item === 'string' ? [{ kind: ofClass, name: item }] : namedIn(item);
  });
  return [...own, ...inner];
}

function ofAnnotations({ metadata }: KubeObject): Named[] {
  return Object.entries(metadata.annotations ?? {}).flatMap(([key, name]) => {
    const kind = Object.hasOwn(CLASS_ANNOTATIONS, key) ? CLASS_ANNOTATIONS[key] : undefined;
    return kind === undefined ? [] : [{ kind, name, loose: true }];
  });
}

function ofBinding({ kind, spec }: KubeObject): Named[] {
  const policy = POLICY_BINDINGS[kind];
  const { policyName } = fieldsOf(spec);
  return policy !== undefined && typeof policyName === 'string' ? [{ kind: policy, name: policyName }] : [];
}

/** Groups without a dot, and these, are Kubernetes' own. */
const OWN_GROUPS =
  /^(authentication|authorization|rbac\.authorization|networking|storage|scheduling|policy|coordination|node|discovery|events|certificates|admissionregistration|apiextensions|apiregistration|flowcontrol\.apiserver|internal\.apiserver|resource)\.k8s\.io$/;

/** True for a group of Kubernetes itself: it has no definitions. */
export const isOwnGroup = (group: string): boolean => !group.includes('.') || OWN_GROUPS.test(group);

const DEFINITION = 'CustomResourceDefinition';

function definitionOf({ type }: ReadObject): Named[] {
  return isOwnGroup(type.group) ? [] : [{ kind: DEFINITION, name: `${type.plural}.${type.group}`, loose: true }];
}

/** A role that others are made of says nothing of who uses it. */
const isForOthers = ({ metadata }: KubeObject): boolean =>
  Object.keys(metadata.labels ?? {}).some((label) => label.startsWith('rbac.authorization.k8s.io/aggregate-to-'));

/** An operator that may watch custom resources stops without their definitions, even where there is no such resource yet. */
function watchedBy({ object, type }: ReadObject, types: readonly ResourceType[]): Named[] {
  if (type.group !== 'rbac.authorization.k8s.io' || !type.kind.endsWith('Role') || isForOthers(object)) return [];
  const rules = listOf(object.rules)
    .map(fieldsOf)
    .filter(({ verbs }) => listOf(verbs).some((verb) => verb === 'watch' || verb === '*'));
  const watched = (group: string, plural: string) =>
    rules.some(({ apiGroups, resources }) => {
      const plurals = listOf(resources);
      return listOf(apiGroups).includes(group) && (plurals.includes(plural) || plurals.includes('*'));
    });
  return types
    .filter(({ group, plural }) => !isOwnGroup(group) && watched(group, plural))
    .map(({ group, plural }) => ({ kind: DEFINITION, name: `${plural}.${group}`, loose: true }));
}

/** Each cluster-scoped object that `read` names, once. Some may not be there. */
export function referencesOf(read: readonly ReadObject[], types: readonly ResourceType[]): Reference[] {
  const clusterWide = types.filter(({ namespaced, kind }) => !namespaced && !NEVER.has(kind));
  const found = new Map<
    string,
    { readonly type: ResourceType; readonly name: string; by: string[]; needed: boolean }
  >();
  for (const each of read) {
    const { metadata: _, status: __, apiVersion: ___, kind: ____, ...content } = each.object;
    const named: readonly Named[] = [
      ...namedIn(content),
      ...ofAnnotations(each.object),
      ...ofBinding(each.object),
      ...definitionOf(each),
      ...watchedBy(each, types),
    ];
    for (const { kind, name, group, loose } of named) {
      for (const type of clusterWide) {
        if (type.kind !== kind || name === '' || (group !== undefined && group !== type.group)) continue;
        const key = `${kindName(type)} ${name}`;
        const reference = found.get(key) ?? { type, name, by: [], needed: false };
        reference.by.push(nameOf(each.object));
        reference.needed ||= loose !== true;
        found.set(key, reference);
      }
    }
  }
  return [...found.values()].map(({ by, ...reference }) => ({ ...reference, by: [...new Set(by)] }));
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
