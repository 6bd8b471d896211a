/** Objects of other namespaces, and hosts beyond the cluster, that captured objects name. Only names are read of a Secret, never shown. */
import { fieldsOf, groupOf, type KubeObject, kindOf, nameOf, textOf } from '../../../kubernetes/objects.ts';
import { outsideServices } from '../admission.ts';
import { isOwnGroup } from '../references.ts';
import { few, type Gap } from './gap.ts';

/** What the name of a field says of the kind that it refers to. */
const KIND_OF_FIELD: readonly (readonly [RegExp, string])[] = [
  [/secret/i, 'Secret'],
  [/configMap/i, 'ConfigMap'],
  [/backendRefs?$|service/i, 'Service'],
  [/parentRefs?$/i, 'Gateway'],
];

function kindOfField(field: string): string {
  return KIND_OF_FIELD.find(([pattern]) => pattern.test(field))?.[1] ?? 'object';
}

type Found = ReadonlyMap<string, readonly string[]>;

/** `{name, namespace}` anywhere, with its kind where that is given or the field tells it: `Secret infra/registry`. */
function placesIn(value: unknown, field = ''): { readonly kind: string; readonly namespace: string; name: string }[] {
  if (Array.isArray(value)) return value.flatMap((item) => placesIn(item, field));
  const fields = fieldsOf(value);
  const { name, namespace, kind } = fields;
  const named = typeof name === 'string' && typeof namespace === 'string' && name !== '' && namespace !== '';
  const own = named ? [{ kind: textOf(kind) || kindOfField(field), namespace, name }] : [];
  return [...own, ...Object.entries(fields).flatMap(([key, item]) => placesIn(item, key))];
}

/** Parameters of a storage driver: `csi.storage.k8s.io/provisioner-secret-name` and `…-namespace`; a template is resolved for each claim. */
function ofParameters(parameters: unknown): string[] {
  const fields = fieldsOf(parameters);
  return Object.entries(fields).flatMap(([key, name]) => {
    const namespace = fields[key.replace(/-name$/, '-namespace')];
    if (!key.endsWith('-secret-name') || typeof name !== 'string' || typeof namespace !== 'string') return [];
    return `${namespace}${name}`.includes('$') ? [] : [`Secret ${namespace}/${name}`];
  });
}

const IN_ANNOTATION = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/;

/** `nginx.ingress.kubernetes.io/auth-secret: infra/users` */
function ofAnnotations({ metadata }: KubeObject): string[] {
  return Object.entries(metadata.annotations ?? {}).flatMap(([key, value]) => {
    const isSecret = /secret$/.test(key);
    if (!isSecret && !key.endsWith('/inject-ca-from')) return [];
    return IN_ANNOTATION.test(value) ? [`${isSecret ? 'Secret' : 'Certificate'} ${value}`] : [];
  });
}

/** Names of Services in the cluster's DNS, as they stand in settings: `postgres.data.svc`. */
const IN_DNS =
  /(?<![\w.-])(?:[a-z0-9-]+\.)*([a-z0-9]([a-z0-9-]*[a-z0-9])?)\.([a-z0-9]([a-z0-9-]*[a-z0-9])?)\.svc(?![\w-])/g;

/** The API itself and its DNS, which every cluster has. */
const OF_EVERY_CLUSTER = ['default/kubernetes', 'kube-system/kube-dns'];

function decoded(data: unknown): string[] {
  return Object.values(fieldsOf(data)).map((value) => Buffer.from(textOf(value), 'base64').toString('utf8'));
}

function textsOf(object: KubeObject): string[] {
  if (kindOf(object) === 'Secret') return decoded(object.data);
  const { metadata: _, status: __, ...content } = object;
  return [JSON.stringify(content)];
}

function ofDns(object: KubeObject): string[] {
  return textsOf(object).flatMap((text) =>
    [...text.matchAll(IN_DNS)].map(([, name, , namespace]) => `Service ${namespace}/${name}`),
  );
}

const DEFINITION = 'CustomResourceDefinition.apiextensions.k8s.io';
const BINDINGS = ['RoleBinding.rbac.authorization.k8s.io', 'ClusterRoleBinding.rbac.authorization.k8s.io'];

/** `Kind namespace/name`, as far as it is written. A definition only describes fields, and an account of others loses nothing here. */
function namedBy(object: KubeObject): string[] {
  const kind = kindOf(object);
  if (kind === DEFINITION || kind.endsWith('.admissionregistration.k8s.io'))
    return outsideServices(object, []).map((service) => `Service ${service}`);
  if (BINDINGS.includes(kind)) return [];
  const { metadata: _, status: __, apiVersion: ___, kind: ____, data, ...content } = object;
  return [
    ...placesIn(content).map(({ kind: of, namespace, name }) => `${of} ${namespace}/${name}`),
    ...ofParameters(content.parameters),
    ...ofAnnotations(object),
    ...ofDns(object),
  ];
}

const namespaceOf = (place: string): string => place.slice(place.indexOf(' ') + 1, place.indexOf('/'));

/** Secrets that a cluster-scoped custom resource names without a namespace: they are in the namespace of its operator. */
function ofOperators(object: KubeObject): string[] {
  if (object.metadata.namespace !== undefined || !groupOf(object).includes('.') || isOwnGroup(groupOf(object)))
    return [];
  const names = (value: unknown): string[] =>
    Array.isArray(value)
      ? value.flatMap(names)
      : Object.entries(fieldsOf(value)).flatMap(([key, item]) => {
          if (key === 'secretName') return textOf(item) === '' ? [] : [textOf(item)];
          const { name, namespace } = fieldsOf(item);
          return /SecretRef$/.test(key) && typeof name === 'string' && namespace === undefined ? [name] : names(item);
        });
  return names(object.spec);
}

function collect(objects: readonly KubeObject[], namesOf: (object: KubeObject) => readonly string[]): Found {
  const found = new Map<string, string[]>();
  for (const object of objects)
    for (const name of new Set(namesOf(object))) found.set(name, [...(found.get(name) ?? []), nameOf(object)]);
  return found;
}

function gapsOf(found: Found, why: string): Gap[] {
  return [...found].map(([what, by]) => ({
    part: 'manifests',
    what,
    why: `${few(by)} ${by.length === 1 ? 'names' : 'name'} it, and ${why}`,
  }));
}

/** `x.shop.svc.cluster.local` is a name of the cluster's own, which the other search finds. */
function ofExternalNames(objects: readonly KubeObject[]): Gap[] {
  return objects.flatMap((object) => {
    const { type, externalName } = fieldsOf(object.spec);
    const host = textOf(externalName);
    if (kindOf(object) !== 'Service' || type !== 'ExternalName' || host === '' || /\.svc(\.|$)/.test(host)) return [];
    return [{ part: 'manifests', what: host, why: `${nameOf(object)} leads to it, and it is outside of the cluster` }];
  });
}

/** @param captured the objects of the capture, as they were read */
export function outsideGaps(captured: readonly KubeObject[], namespaces: readonly string[]): Gap[] {
  const isOutside = (place: string) =>
    !namespaces.includes(namespaceOf(place)) && !OF_EVERY_CLUSTER.includes(place.slice(place.indexOf(' ') + 1));
  const secrets = new Set(
    captured.filter((object) => kindOf(object) === 'Secret').map(({ metadata }) => metadata.name),
  );
  const elsewhere = collect(captured, (object) => namedBy(object).filter(isOutside));
  const operators = collect(captured, (object) =>
    ofOperators(object)
      .filter((name) => !secrets.has(name))
      .map((name) => `Secret ${name}`),
  );
  return [
    ...gapsOf(elsewhere, 'its namespace is not captured'),
    ...gapsOf(operators, 'it is in the namespace of its operator, which is not captured'),
    ...ofExternalNames(captured),
  ];
}
