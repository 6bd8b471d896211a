/** Kubernetes objects as the API gives them, and what is asked of a cluster. */

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly [field: string]: unknown;
}

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** Plain JSON: the client's own classes drop the fields that they don't know, and newer servers have more. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

/** A kind as the server serves it. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  /** The one that the server prefers, or the first that has this kind. */
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Further versions in which the same objects can be had. */
  readonly otherVersions: readonly string[];
}

export interface ReadObject {
  readonly type: ResourceType;
  readonly object: KubeObject;
}

export interface Discovery {
  readonly types: readonly ResourceType[];
  /** Groups of aggregated servers that don't answer: what they hold is theirs and can't be read. */
  readonly silentGroups: readonly string[];
}

/** Reads one cluster. Throws `KUBERNETES-…` DrErrors. */
export interface Cluster extends AsyncDisposable {
  /** `context production (https://10.0.0.1:6443)` */
  readonly describe: string;
  /** `v1.34.4` */
  version(): Promise<string>;
  /** Every kind that can be listed and created, once, by its preferred version. */
  discover(): Promise<Discovery>;
  /** All pages. Cluster-wide without a namespace. */
  list(type: ResourceType, namespace?: string): Promise<KubeObject[]>;
  /** Undefined where there is none. */
  get(type: ResourceType, name: string, namespace?: string): Promise<KubeObject | undefined>;
}

type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function groupOf(object: Pick<KubeObject, 'apiVersion'>): string {
  const slash = object.apiVersion.indexOf('/');
  return slash < 0 ? '' : object.apiVersion.slice(0, slash);
}

/** `Deployment.apps`, `Service`: a kind whatever its version. */
export function kindName({ group, kind }: { readonly group: string; readonly kind: string }): string {
  return group === '' ? kind : `${kind}.${group}`;
}

/** Of one object: `Deployment.apps`. */
export function kindOf(object: Pick<KubeObject, 'apiVersion' | 'kind'>): string {
  return kindName({ group: groupOf(object), kind: object.kind });
}

/** `Deployment.apps go-coffee/api`, for people and as a key. */
export function nameOf(object: KubeObject): string {
  const { name, namespace } = object.metadata;
  const kind = kindOf(object);
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
