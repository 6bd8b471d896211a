/** The live cluster that objects are put back into. */
import type { ClusterAccess } from '../kubernetes/access.ts';
import { openCluster } from '../kubernetes/cluster.ts';
import { type Applied, type ApplyOptions, openObjectWriter } from '../kubernetes/fields/apply.ts';
import { fieldsOf, type KubeObject, kindName, kindOf, listOf, type ResourceType } from '../kubernetes/objects.ts';
import { CLOSING_QUOTAS } from './left-out.ts';

/** One cluster, by a named context or from inside. Calls throw `KUBERNETES-…`. */
export interface LiveCluster extends AsyncDisposable {
  readonly describe: string;
  /** What serves an object; undefined where the cluster does not know its kind, or not in that version. */
  typeOf(object: KubeObject): Promise<ResourceType | undefined>;
  /** Whether it serves a kind (`Widget.example.com`), asked anew: discovery learns of a definition after it is established. */
  serves(kind: string): Promise<boolean>;
  get(type: ResourceType, object: KubeObject): Promise<KubeObject | undefined>;
  hasNamespace(name: string): Promise<boolean>;
  /** The quota by which a fence or an isolation closes the namespace. */
  closedBy(namespace: string): Promise<string | undefined>;
  apply(type: ResourceType, object: KubeObject, options: ApplyOptions): Promise<Applied>;
  remove(type: ResourceType, read: KubeObject, pointers: readonly string[]): Promise<KubeObject>;
  release(type: ResourceType, read: KubeObject): Promise<void>;
}

const core = (kind: string, plural: string, namespaced: boolean): ResourceType => ({
  ...{ group: '', version: 'v1', kind, plural, namespaced, otherVersions: [] },
});
const NAMESPACE = core('Namespace', 'namespaces', false);
const QUOTA = core('ResourceQuota', 'resourcequotas', true);

/** In the version that the object was captured in. */
function served(types: readonly ResourceType[], object: KubeObject): ResourceType | undefined {
  const version = object.apiVersion.slice(object.apiVersion.indexOf('/') + 1);
  const found = types.find((type) => kindName(type) === kindOf(object));
  const versions = found === undefined ? [] : [found.version, ...found.otherVersions];
  return found !== undefined && versions.includes(version) ? { ...found, version } : undefined;
}

/** Makes no connection. */
export function openLiveCluster(access: ClusterAccess, signal?: AbortSignal): LiveCluster {
  const cluster = openCluster(access, { signal });
  const writer = openObjectWriter(access, signal);
  let types: Promise<readonly ResourceType[]> | undefined;
  return {
    describe: access.describe,
    async [Symbol.asyncDispose]() {
      await Promise.all([cluster[Symbol.asyncDispose](), writer[Symbol.asyncDispose]()]);
    },
    async typeOf(object) {
      types ??= cluster.discover().then((found) => found.types);
      return served(await types, object);
    },
    async serves(kind) {
      types = cluster.discover().then((found) => found.types);
      return (await types).some((type) => kindName(type) === kind);
    },
    get: (type, { metadata }) => cluster.get(type, metadata.name, metadata.namespace),
    hasNamespace: async (name) => (await cluster.get(NAMESPACE, name)) !== undefined,
    async closedBy(namespace) {
      for (const name of CLOSING_QUOTAS) if ((await cluster.get(QUOTA, name, namespace)) !== undefined) return name;
      return undefined;
    },
    apply: writer.apply,
    remove: writer.remove,
    release: writer.release,
  };
}

/** `apps` of a definition's spec, for what depends on it. */
export function definedKind({ spec }: KubeObject): string {
  const { group, names } = fieldsOf(spec);
  return kindName({ group: String(group), kind: String(fieldsOf(names).kind) });
}

/** Whether a condition of the object is true. */
export function isTrue({ status }: KubeObject, condition: string): boolean {
  return listOf(fieldsOf(status).conditions)
    .map(fieldsOf)
    .some(({ type, status: state }) => type === condition && state === 'True');
}
