/** Gives the objects of a manifest snapshot the names of this stack. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { fieldsOf, type KubeObject, kindOf } from '../../../recovery/public.ts';
import type { Names, RecoverySettings } from '../../config/types.ts';
import { rewrite, type TextRule } from '../objects/rewrite.ts';
import { dnsRule, hostRule, imageRule, namespaceRule, storageClassRule } from './map-names.ts';

export interface MapArgs {
  readonly map: RecoverySettings['map'];
  /** The config key that it is in. */
  readonly section: string;
  /** Namespaces of the snapshot; the first is the platform's. */
  readonly namespaces: readonly string[];
  /** The platform's namespace here. */
  readonly platform: string;
}

/** Old name → new name. The platform's namespace is always mapped to this stack's. */
export function namespaceNames({ map, namespaces, platform }: Omit<MapArgs, 'section'>): Names {
  const [first] = namespaces;
  const itself = first === undefined || namespaces.includes(platform) ? {} : { [first]: platform };
  const names = Object.entries({ ...itself, ...map.namespace });
  return Object.fromEntries(names.filter(([old, now]) => old !== now));
}

/** Kinds in which host names are mapped. In other kinds, names of API groups look like host names. */
const HOST_KINDS = [
  'ConfigMap',
  'Secret',
  'Service',
  'Ingress.networking.k8s.io',
  'Pod',
  'Deployment.apps',
  'StatefulSet.apps',
  'DaemonSet.apps',
  'Job.batch',
  'CronJob.batch',
];
const GATEWAY = /\.gateway\.networking\.k8s\.io$/;

/** Nothing refers to objects of these kinds, so they can be renamed beside those of a running platform. */
const RENAMED =
  /^(ClusterRoleBinding|(Validating|Mutating)(WebhookConfiguration|AdmissionPolicyBinding))\.(rbac\.authorization|admissionregistration)\.k8s\.io$/;

/** Maps the decoded values of a Secret; binary values stay. */
function inSecretData(data: unknown, rule: TextRule): unknown {
  return Object.fromEntries(
    Object.entries(fieldsOf(data)).map(([key, value]) => {
      const bytes = Buffer.from(String(value), 'base64');
      const text = bytes.toString('utf8');
      const changed = Buffer.from(text).equals(bytes) ? rule(text, key) : text;
      return [key, changed === text ? value : Buffer.from(changed).toString('base64')];
    }),
  );
}

function mapObject(object: KubeObject, structure: TextRule, texts: TextRule): KubeObject {
  const { apiVersion, kind, metadata, data, ...content } = object;
  const both: TextRule = (text, field) => {
    const named = structure(text, field);
    return named === text && field !== 'image' ? texts(text, field) : named;
  };
  const { annotations, ...rest } = metadata;
  const isSecret = kindOf(object) === 'Secret';
  return {
    apiVersion,
    kind,
    metadata: {
      ...(rewrite(rest, structure) as KubeObject['metadata']),
      ...(annotations === undefined ? {} : { annotations: rewrite(annotations, both) as Record<string, string> }),
    },
    ...(data === undefined ? {} : { data: isSecret ? inSecretData(data, texts) : rewrite(data, both) }),
    ...fieldsOf(rewrite(content, both)),
  };
}

function servicesOf(objects: readonly KubeObject[]): Set<string> {
  const services = objects.filter((object) => kindOf(object) === 'Service');
  return new Set(services.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`));
}

function unmet(where: string, names: Names, met: ReadonlySet<string>): string[] {
  return Object.keys(names)
    .filter((name) => !met.has(name))
    .map((name) => `${where}: the manifest snapshot does not contain "${name}"`);
}

interface NewNames {
  readonly namespaces: Names;
  readonly storageClasses: Names;
  /** The namespace of the platform here. */
  readonly platform: string;
}

/** The object under its new name. Undefined for a storage class that is mapped to an existing one. */
function named(
  object: KubeObject,
  mapped: KubeObject,
  { namespaces: names, storageClasses: classes, platform }: NewNames,
): KubeObject | undefined {
  const { name } = object.metadata;
  const kind = kindOf(object);
  if (kind === 'StorageClass.storage.k8s.io' && Object.hasOwn(classes, name)) return undefined;
  const now = kind === 'Namespace' && Object.hasOwn(names, name) ? names[name] : undefined;
  if (now !== undefined) return { ...mapped, metadata: { ...mapped.metadata, name: now } };
  if (!RENAMED.test(kind) || isDeepStrictEqual(object, mapped)) return mapped;
  return { ...mapped, metadata: { ...mapped.metadata, name: `${name}-${platform}` } };
}

export interface Mapped {
  /** Object of the snapshot → object here. Mapped storage classes are not in it. */
  readonly objects: ReadonlyMap<KubeObject, KubeObject>;
  /** Sentences for people. */
  readonly notes: readonly string[];
}

export function mapObjects(objects: readonly KubeObject[], args: MapArgs): Mapped {
  const { map, section, platform } = args;
  const namespaces = namespaceNames(args);
  const met = { registry: new Set<string>(), storageClass: new Set<string>(), namespace: new Set<string>() };
  const hosts = new Set<string>();
  const meets = (set: Set<string>) => (name: string) => void set.add(name);
  const rules = [
    namespaceRule(namespaces, meets(met.namespace)),
    storageClassRule(map.storageClass, meets(met.storageClass)),
    imageRule(map.registry, meets(met.registry)),
  ];
  const structure: TextRule = (text, field) => rules.reduce((now, rule) => rule(now, field), text);
  const dns = dnsRule(namespaces, servicesOf(objects), meets(met.namespace));
  const host = hostRule(map.host, meets(hosts));
  const mapped = objects.flatMap((object): [KubeObject, KubeObject][] => {
    const kind = kindOf(object);
    const hasHosts = HOST_KINDS.includes(kind) || GATEWAY.test(kind);
    const texts: TextRule = hasHosts ? (text, field) => host(dns(text, field), field) : dns;
    if (kind === 'Namespace') met.namespace.add(object.metadata.name);
    const here = named(object, mapObject(object, structure, texts), {
      namespaces,
      storageClasses: map.storageClass,
      platform,
    });
    return here === undefined ? [] : [[object, here]];
  });
  const notes = [
    ...unmet(`${section}.map.registry`, map.registry, met.registry),
    ...unmet(`${section}.map.storageClass`, map.storageClass, met.storageClass),
    ...unmet(`${section}.map.namespace`, map.namespace, met.namespace),
    ...unmet(`${section}.map.host`, map.host, hosts),
  ];
  return { objects: new Map(mapped), notes };
}
