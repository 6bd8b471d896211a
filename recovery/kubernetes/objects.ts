/** Kubernetes objects as the API gives them, and the port that reads them from a cluster. */
import { isRecord, type Json } from '../core/json.ts';

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
  readonly apiVersion?: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** Plain JSON: the client's own classes drop fields that they don't know, and newer servers have more fields. */
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
  /** Further versions that serve the same objects. */
  readonly otherVersions: readonly string[];
}

export interface ReadObject {
  readonly type: ResourceType;
  readonly object: KubeObject;
}

export interface Discovery {
  readonly types: readonly ResourceType[];
  /** Groups whose aggregated server does not answer: its objects are not in this API's store and can't be read. */
  readonly silentGroups: readonly string[];
}

/** Reads one cluster. Throws `KUBERNETES-…` DrErrors. */
export interface Cluster extends AsyncDisposable {
  /** `context production (https://10.0.0.1:6443)` */
  readonly describe: string;
  /** `v1.34.4` */
  version(): Promise<string>;
  /** Every kind that can be listed and created, once each, in its preferred version. */
  discover(): Promise<Discovery>;
  /** All pages. Cluster-wide without a namespace. */
  list(type: ResourceType, namespace?: string): Promise<KubeObject[]>;
  /** Undefined for an object that does not exist. */
  get(type: ResourceType, name: string, namespace?: string): Promise<KubeObject | undefined>;
}

/** Empty for anything but an object. */
export function fieldsOf(value: unknown): Json {
  return isRecord(value) ? value : {};
}

/** Empty for anything but text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Empty for anything but an array. */
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

/** Kind of one object: `Deployment.apps`. */
export function kindOf(object: Pick<KubeObject, 'apiVersion' | 'kind'>): string {
  return kindName({ group: groupOf(object), kind: object.kind });
}

/** `Deployment.apps go-coffee/api`, for people and as a key. */
export function nameOf(object: KubeObject): string {
  const { name, namespace } = object.metadata;
  const kind = kindOf(object);
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
