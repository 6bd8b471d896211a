/** Facts about what holds data or keys: that it is there, and that the update doesn't make another one in its place. */
import { at } from '../../../plan/declared/values.ts';
import { type DeclaredResource, kindOf, nameOf } from '../declared.ts';
import type { Fact } from '../fact.ts';

/** By Pulumi's type: what is lost with it. */
const HOLDS: Readonly<Record<string, string>> = {
  'kubernetes:core/v1:PersistentVolumeClaim': 'the volume and what is on it',
  'kubernetes:apps/v1:StatefulSet': 'a store, and its volumes',
  'kubernetes:core/v1:Namespace': 'a namespace and everything in it',
  'aws:s3/bucket:Bucket': 'a bucket with its copies',
  'aws:kms/key:Key': 'a key: without it no copy under it can be read',
  'aws:kms/replicaKey:ReplicaKey': 'a key: without it no copy of its region can be read',
  'aws:secretsmanager/secret:Secret': 'the passphrases of the repositories',
  'random:index/randomPassword:RandomPassword': 'a passphrase or password: what it opens stays shut',
};

/** `bucket go-coffee-backups`, `PersistentVolumeClaim local-repository`, `RandomPassword secrets-passphrase-primary`. */
function label(resource: DeclaredResource): string {
  const { inputs } = resource;
  const own = at(inputs, 'bucket') ?? at(inputs, 'metadata', 'name') ?? nameOf(resource);
  return `${kindOf(resource)} ${typeof own === 'string' ? own : nameOf(resource)}`;
}

function isService({ type, inputs }: DeclaredResource): boolean {
  const owned = at(inputs, 'metadata', 'labels', 'go-coffee-dr/owner') !== undefined;
  return type.startsWith('kubernetes:') && !owned && !type.endsWith(':Namespace');
}

export function heldFacts(resource: DeclaredResource): Fact[] {
  const holds = HOLDS[resource.type];
  if (holds === undefined || isService(resource)) return [];
  // Topics have keys of their own, which open no copy.
  if (/-topic-/.test(nameOf(resource)) && kindOf(resource) === 'Key') return [];
  const value = resource.replaced === true ? 'deleted, and an empty one made' : 'kept';
  return [
    {
      area: 'data',
      what: label(resource),
      value,
      worth: resource.replaced === true ? 0 : 1,
      harm: { store: 'all', says: `${label(resource)} goes: ${holds}` },
    },
  ];
}
