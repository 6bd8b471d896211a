/** Everything that a capture may need, read from a cluster: all of the namespaces, and what they need of the cluster. */
import pMap from 'p-map';
import { precondition } from '../../core/errors.ts';
import {
  type Cluster,
  type Discovery,
  fieldsOf,
  type KubeObject,
  kindName,
  nameOf,
  type ReadObject,
  type ResourceType,
} from '../../kubernetes/objects.ts';
import { ADMISSION_KINDS, admits } from './admission.ts';
import { isTransient, leftOut } from './leave-out.ts';
import { aggregatedBy, givesToNamespaces, referencesOf } from './references.ts';
import { type UnreadKind, UnreadKinds } from './unread.ts';

/** One call a kind and namespace; more at once only makes the server's own fairness queue them. */
const AT_ONCE = 8;

export interface ClusterContent {
  readonly describe: string;
  readonly version: string;
  readonly namespaces: readonly string[];
  readonly read: readonly ReadObject[];
  readonly silentGroups: readonly string[];
  /** Kinds that the server has refused to list, or could not convert. */
  readonly unread: readonly UnreadKind[];
}

interface Asked {
  readonly cluster: Cluster;
  readonly unread: UnreadKinds;
}

async function readNamespaces(cluster: Cluster, type: ResourceType, names: readonly string[]): Promise<ReadObject[]> {
  const found = await Promise.all(names.map((name) => cluster.get(type, name)));
  return found.map((object, i) => {
    const gone = object?.metadata.deletionTimestamp !== undefined;
    if (object !== undefined && !gone) return { type, object };
    // A capture of nothing would become the newest good copy.
    throw precondition({
      code: gone ? 'NAMESPACE-TERMINATING' : 'NAMESPACE-MISSING',
      where: cluster.describe,
      fact: gone ? `the namespace "${names[i]}" is being deleted` : `there is no namespace "${names[i]}"`,
      hint: 'if it was lost, recover it from an earlier point (`dr points`); if it has another name now, correct kubernetes.namespaces in the environment file',
    });
  });
}

async function listAll(
  { cluster, unread }: Asked,
  asked: readonly { readonly type: ResourceType; readonly namespace?: string }[],
): Promise<ReadObject[]> {
  const lists = await pMap(
    asked,
    async ({ type, namespace }) => {
      const found = await unread.read(type, [], () => cluster.list(type, namespace));
      return found.map((object) => ({ type, object }));
    },
    { concurrency: AT_ONCE },
  );
  return lists.flat();
}

/** The same object may be had in two groups (Ingress once was): it is taken once, from the group that came first. */
function unique(read: readonly ReadObject[]): ReadObject[] {
  const seen = new Set<string>();
  return read.filter(({ object }) => {
    const key = object.metadata.uid ?? nameOf(object);
    return !seen.has(key) && seen.add(key);
  });
}

const byKind = ({ types }: Discovery, ...kinds: readonly string[]): ResourceType[] =>
  types.filter((type) => !type.namespaced && kinds.includes(kindName(type)));

/** What gives the namespaces something without being named by them. */
async function readGivers(from: Asked, discovery: Discovery, namespaces: readonly string[]): Promise<ReadObject[]> {
  const types = byKind(discovery, 'ClusterRoleBinding.rbac.authorization.k8s.io', 'PriorityClass.scheduling.k8s.io');
  const found = await listAll(
    from,
    types.map((type) => ({ type })),
  );
  return found.filter(({ object }) =>
    // A pod without a class gets the default one.
    object.kind === 'PriorityClass' ? object.globalDefault === true : givesToNamespaces(object, namespaces),
  );
}

async function readAdmission(
  from: Asked,
  discovery: Discovery,
  namespaces: readonly KubeObject[],
  captured: readonly ReadObject[],
): Promise<ReadObject[]> {
  const kinds = ADMISSION_KINDS.map((kind) => `${kind}.admissionregistration.k8s.io`);
  const found = await listAll(
    from,
    byKind(discovery, ...kinds).map((type) => ({ type })),
  );
  return found.filter(({ object }) => admits(object, namespaces, captured));
}

/** Follows what `read` names until nothing new is named. */
async function followReferences(from: Asked, discovery: Discovery, read: readonly ReadObject[]): Promise<ReadObject[]> {
  const all = [...read];
  const asked = new Set(read.map(({ object }) => nameOf(object)));
  let fresh: readonly ReadObject[] = read;
  while (fresh.length > 0) {
    const wanted = referencesOf(fresh, discovery.types).filter(({ type, name }) => {
      const key = `${kindName(type)} ${name}`;
      return !asked.has(key) && asked.add(key);
    });
    const found = await pMap(
      wanted,
      async ({ type, name }) => ({
        type,
        object: await from.unread.read(type, undefined, () => from.cluster.get(type, name)),
      }),
      { concurrency: AT_ONCE },
    );
    const there = found.flatMap(({ type, object }) => (object === undefined ? [] : [{ type, object }]));
    fresh = [...there, ...(await readAggregated(from, there))];
    all.push(...fresh);
  }
  return all;
}

async function readAggregated({ cluster, unread }: Asked, read: readonly ReadObject[]): Promise<ReadObject[]> {
  const roles = read.filter(
    ({ object }) => object.kind === 'ClusterRole' && fieldsOf(object.aggregationRule).clusterRoleSelectors,
  );
  const [first] = roles;
  if (first === undefined) return [];
  const all = await unread.read(first.type, [], () => cluster.list(first.type));
  return roles.flatMap(({ object }) => aggregatedBy(object, all)).map((object) => ({ type: first.type, object }));
}

/** Throws `NAMESPACE-MISSING`, `NAMESPACE-TERMINATING` (exit 6) and the errors of the cluster; a kind that fails alone is in `unread`. */
export async function readCluster(cluster: Cluster, names: readonly string[]): Promise<ClusterContent> {
  const [version, discovery] = await Promise.all([cluster.version(), cluster.discover()]);
  const [namespaceType] = byKind(discovery, 'Namespace');
  if (namespaceType === undefined) throw new TypeError('the server offers no namespaces');
  const namespaces = await readNamespaces(cluster, namespaceType, names);
  const from = { cluster, unread: new UnreadKinds() };
  const types = discovery.types.filter((type) => type.namespaced && !isTransient(type));
  const asked = types.flatMap((type) => names.map((namespace) => ({ type, namespace })));
  const [namespaced, givers] = await Promise.all([listAll(from, asked), readGivers(from, discovery, names)]);
  const base = unique([...namespaces, ...namespaced]);
  const reasons = leftOut(base);
  const captured = base.filter(({ object }) => !reasons.has(nameOf(object)));
  const admission = await readAdmission(
    from,
    discovery,
    namespaces.map(({ object }) => object),
    captured,
  );
  // Excluded objects need no others. They stay in `read` to be counted.
  const needed = await followReferences(from, discovery, [...captured, ...givers, ...admission]);
  const rest = base.filter(({ object }) => reasons.has(nameOf(object)));
  return {
    describe: cluster.describe,
    version,
    namespaces: names,
    read: unique([...needed, ...rest]),
    silentGroups: discovery.silentGroups,
    unread: from.unread.all,
  };
}
