/** Which objects use another one: what breaks, or is deleted too, when it goes. Pure. */
import { isRecord } from '../../core/json.ts';
import { fieldsOf, groupOf, type KubeObject, kindOf } from '../../kubernetes/objects.ts';

/** Fields that name an object of this kind and whose name the kind doesn't give. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'CSIDriver.storage.k8s.io': ['driver', 'provisioner'],
  PersistentVolume: ['volumeName'],
  PersistentVolumeClaim: ['claimName'],
  'StorageClass.storage.k8s.io': ['volume.beta.kubernetes.io/storage-class'],
  'IngressClass.networking.k8s.io': ['kubernetes.io/ingress.class'],
};

const lowerFirst = (text: string): string => `${text.charAt(0).toLowerCase()}${text.slice(1)}`;

/** Whether a field of `user` refers to the object. The API has no list of references, so this goes by how its fields are named. */
function refersTo({ kind, metadata: { name } }: KubeObject, fields: readonly string[], user: unknown): boolean {
  const own = lowerFirst(kind);
  const within = (key: string, value: unknown): boolean => {
    if (typeof value === 'string') {
      if (value !== name) return false;
      return key === own || key === `${own}Name` || fields.includes(key);
    }
    if (Array.isArray(value)) return value.some((each) => within(key, each));
    if (!isRecord(value)) return false;
    // `roleRef`, `issuerRef`, `scaleTargetRef`, `ownerReferences`; and `configMap`, `secretRef`, `configMapKeyRef`.
    if (value.name === name && (value.kind === kind || key.startsWith(own))) return true;
    return Object.entries(value).some(([inner, found]) => within(inner, found));
  };
  return within('', user);
}

/** An object of a namespace is used within it; one of the whole cluster anywhere. A Namespace and a definition also hold objects. */
export function usersOf(object: KubeObject, all: readonly KubeObject[]): KubeObject[] {
  const { name, namespace, uid } = object.metadata;
  const kind = kindOf(object);
  const fields = FIELDS[kind] ?? [];
  const { group, names } = fieldsOf(object.spec);
  const isHeld = (other: KubeObject): boolean => {
    if (kind === 'Namespace') return other.metadata.namespace === name;
    if (kind !== 'CustomResourceDefinition.apiextensions.k8s.io') return false;
    return groupOf(other) === group && other.kind === fieldsOf(names).kind;
  };
  return all.filter((other) => {
    if (other === object || (kindOf(other) === kind && other.metadata.name === name)) return false;
    if (namespace !== undefined && other.metadata.namespace !== namespace) return false;
    const isOwned = uid !== undefined && other.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
    return isHeld(other) || isOwned || refersTo(object, fields, withoutHead(other));
  });
}

/** Labels and managed fields name much that is no reference. */
function withoutHead({ metadata, ...rest }: KubeObject): unknown {
  return { ...rest, annotations: metadata.annotations, ownerReferences: metadata.ownerReferences };
}
