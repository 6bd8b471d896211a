/** Everything that a capture may need, read from a cluster: all of the namespaces, and what they need of the cluster. */
import pMap from 'p-map';
import {
  type Cluster,
  fieldsOf,
  type KubeObject,
  kindName,
  nameOf,
  type ReadObject,
} from '../../kubernetes/objects.ts';
import { ADMISSION_KINDS, admits, calls } from './admission.ts';
import { readApis } from './apis.ts';
import { type Asked, AT_ONCE, byKind, listAll } from './ask.ts';
import { readForeignBindings } from './foreign-bindings.ts';
import { few, type Gap } from './gaps/gap.ts';
import { isTransient, leftOut } from './leave-out.ts';
import { type LackingNamespace, readNamespaces, refuseNone } from './namespaces.ts';
import { partOf } from './parts.ts';
import { aggregatedBy, givesToNamespaces, type Reference, referencesOf } from './references.ts';
import { readSnapshotClasses } from './snapshot-classes.ts';
import { type UnreadKind, UnreadKinds } from './unread.ts';

export interface ClusterContent {
  readonly describe: string;
  readonly version: string;
  /** Those that were read. */
  readonly namespaces: readonly string[];
  /** Those that could not be read, or are not there. */
  readonly lacking: readonly LackingNamespace[];
  readonly read: readonly ReadObject[];
  readonly silentGroups: readonly string[];
  /** Kinds that the server has refused to list, or could not convert. */
  readonly unread: readonly UnreadKind[];
  /** Driver of volumes → its VolumeSnapshotClass. */
  readonly snapshotClasses: ReadonlyMap<string, string>;
  /** What the namespaces use of the cluster and is not in `read`. */
  readonly gaps: readonly Gap[];
}

/** The same object may be had in two groups (Ingress once was): it is taken once, from the group that came first. */
function unique(read: readonly ReadObject[]): ReadObject[] {
  const seen = new Set<string>();
  return read.filter(({ object }) => {
    const key = object.metadata.uid ?? nameOf(object);
    return !seen.has(key) && seen.add(key);
  });
}

/** What gives the namespaces something without being named by them. */
async function readGivers(asked: Asked, namespaces: readonly string[]): Promise<ReadObject[]> {
  const types = byKind(
    asked.discovery,
    'ClusterRoleBinding.rbac.authorization.k8s.io',
    'PriorityClass.scheduling.k8s.io',
  );
  const found = await listAll(
    asked,
    types.map((type) => ({ type })),
  );
  return found.filter(({ object }) =>
    // A pod without a class gets the default one.
    object.kind === 'PriorityClass' ? object.globalDefault === true : givesToNamespaces(object, namespaces),
  );
}

async function readAdmission(
  asked: Asked,
  namespaces: readonly KubeObject[],
  captured: readonly ReadObject[],
): Promise<ReadObject[]> {
  const kinds = ADMISSION_KINDS.map((kind) => `${kind}.admissionregistration.k8s.io`);
  const found = await listAll(
    asked,
    byKind(asked.discovery, ...kinds).map((type) => ({ type })),
  );
  const names = namespaces.map(({ metadata }) => metadata.name);
  return found.filter(({ object }) => admits(object, namespaces, captured) || calls(object, names));
}

interface Followed {
  readonly found: readonly ReadObject[];
  readonly gaps: readonly Gap[];
}

function missingGap({ type, name, by }: Reference): Gap {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  const object = { apiVersion, kind: type.kind, metadata: { name } };
  const why = `${few(by)} ${by.length === 1 ? 'names' : 'name'} it, and the cluster does not have it`;
  return { part: partOf(object), what: nameOf(object), why };
}

/** Follows what `read` names until nothing new is named. */
async function followReferences(asked: Asked, read: readonly ReadObject[]): Promise<Followed> {
  const { cluster, discovery, unread } = asked;
  const all = [...read];
  const gaps: Gap[] = [];
  const known = new Set(read.map(({ object }) => nameOf(object)));
  let fresh: readonly ReadObject[] = read;
  while (fresh.length > 0) {
    const wanted = referencesOf(fresh, discovery.types).filter(({ type, name }) => {
      const key = `${kindName(type)} ${name}`;
      return !known.has(key) && known.add(key);
    });
    const answers = await pMap(
      wanted,
      async (reference) => {
        const { type, name } = reference;
        const object = await unread.read<KubeObject | 'unread' | undefined>(type, 'unread', () =>
          cluster.get(type, name),
        );
        return { reference, object };
      },
      { concurrency: AT_ONCE },
    );
    const there = answers.flatMap(({ reference: { type }, object }) =>
      object === undefined || object === 'unread' ? [] : [{ type, object }],
    );
    const missing = answers.filter(({ reference, object }) => reference.needed && object === undefined);
    gaps.push(...missing.map(({ reference }) => missingGap(reference)));
    fresh = [...there, ...(await readAggregated(asked, there))];
    all.push(...fresh);
  }
  return { found: all, gaps };
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

interface Inside extends Followed {
  /** The namespaces themselves, of those that could be read. */
  readonly namespaces: readonly ReadObject[];
  readonly lacking: readonly LackingNamespace[];
}

/** All of the namespaces. One in which the account may read nothing at all is left out as a whole, and said to be. */
async function readInside(asked: Asked, names: readonly string[]): Promise<Inside> {
  const { cluster, discovery, unread } = asked;
  const [namespaceType] = byKind(discovery, 'Namespace');
  if (namespaceType === undefined) throw new TypeError('the server offers no namespaces');
  const { found, lacking } = await readNamespaces(cluster, namespaceType, names);
  const types = discovery.types.filter((type) => type.namespaced && !isTransient(type));
  const there = found.map(({ object }) => object.metadata.name);
  const objects = await listAll(
    asked,
    types.flatMap((type) => there.map((namespace) => ({ type, namespace }))),
  );
  const closed = there.flatMap((name) => {
    const error = unread.closed(name, types);
    return error === undefined ? [] : [{ name, error }];
  });
  const isOpen = (name: string | undefined) => !closed.some((each) => each.name === name);
  const open = found.filter(({ object }) => isOpen(object.metadata.name));
  const all = [...lacking, ...closed];
  refuseNone(open.length, all);
  return {
    namespaces: open,
    lacking: all,
    found: objects.filter(({ object }) => isOpen(object.metadata.namespace)),
    gaps: [],
  };
}

/**
 * Throws `NAMESPACE-MISSING`, `NAMESPACE-TERMINATING` (exit 6) or `KUBERNETES-FORBIDDEN` where none of the namespaces can be read, and the
 * errors of the cluster. A namespace that fails alone is in `lacking`, a kind in `unread`.
 */
export async function readCluster(cluster: Cluster, names: readonly string[]): Promise<ClusterContent> {
  const [version, discovery] = await Promise.all([cluster.version(), cluster.discover()]);
  const unread = new UnreadKinds();
  const asked = { cluster, discovery, unread };
  const { namespaces: own, lacking, found } = await readInside(asked, names);
  const namespaces = own.map(({ object }) => object.metadata.name);
  const base = unique([...own, ...found]);
  const reasons = leftOut(base);
  const captured = base.filter(({ object }) => !reasons.has(nameOf(object)));
  const [givers, admission, apis, bindings, snapshotClasses] = await Promise.all([
    readGivers(asked, namespaces),
    readAdmission(
      asked,
      own.map(({ object }) => object),
      captured,
    ),
    readApis(asked, namespaces, captured),
    readForeignBindings(asked, namespaces),
    readSnapshotClasses(asked),
  ]);
  // Excluded objects need no others. They stay in `read` to be counted.
  const needed = await followReferences(asked, [...captured, ...givers, ...admission, ...apis.captured]);
  const rest = base.filter(({ object }) => reasons.has(nameOf(object)));
  return {
    describe: cluster.describe,
    version,
    namespaces,
    lacking,
    read: unique([...needed.found, ...rest]),
    silentGroups: discovery.silentGroups,
    unread: unread.of(namespaces),
    snapshotClasses,
    gaps: [...needed.gaps, ...apis.gaps, ...bindings],
  };
}
