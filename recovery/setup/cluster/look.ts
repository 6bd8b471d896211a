/** One look at a cluster: only GET requests, each with a time limit. What the account may not read is named, and is not "none". */
import { OWN_LABEL } from '../../../plan/layout.ts';
import type { Cluster, Discovery, KubeObject, ResourceType } from '../../kubernetes/objects.ts';
import { fieldsOf, listOf, textOf } from '../../kubernetes/objects.ts';
import { type Answer, ask, type Unanswered } from '../found.ts';
import { claimFacts } from './claims.ts';
import type { ClaimFact, ClusterFacts, NamespaceFact, StorageClassFact } from './facts.ts';
import { isSharedDriver, networkOf, operatorOf, REFERRED_KINDS } from './known.ts';
import { podMaker, storesAmong } from './pods.ts';

/** By plural and group; the core group is empty. */
const READ = [
  ...['namespaces', 'nodes', 'persistentvolumeclaims', 'pods', 'resourcequotas', 'services'],
  ...['cronjobs.batch', 'daemonsets.apps', 'deployments.apps', 'statefulsets.apps'],
  ...['poddisruptionbudgets.policy', 'storageclasses.storage.k8s.io', 'volumesnapshotclasses.snapshot.storage.k8s.io'],
  ...['prometheuses.monitoring.coreos.com', ...REFERRED_KINDS],
] as const;

const keyOf = ({ plural, group }: ResourceType): string => (group === '' ? plural : `${plural}.${group}`);

interface Answers {
  /** Objects of a kind; none where the cluster has no such kind, or did not answer: then `unread` has its name. */
  readonly of: (key: string) => readonly KubeObject[];
  readonly unread: readonly string[];
  readonly unanswered: readonly Unanswered[];
}

/** The server's own words repeat what the account is called, and the hint of a backup is not the one of a look. */
function plainly<T>(answer: Answer<T>, key: string): Answer<T> {
  if (answer.unanswered?.code !== 'KUBERNETES-FORBIDDEN') return answer;
  const hint = 'let this account get and list it in the whole cluster (a ClusterRole)';
  return { unanswered: { about: key, why: 'this account may not list it', code: answer.unanswered.code, hint } };
}

async function readKinds(cluster: Cluster, { types }: Discovery): Promise<Answers> {
  const wanted = types.filter((type) => READ.includes(keyOf(type)));
  const read = await Promise.all(
    wanted.map(async (type) => {
      const key = keyOf(type);
      return { key, answer: plainly(await ask(key, () => cluster.list(type)), key) };
    }),
  );
  const found = new Map(read.map(({ key, answer }) => [key, answer.value ?? []]));
  return {
    of: (key) => found.get(key) ?? [],
    unread: read.flatMap(({ key, answer }) => (answer.unanswered ? [key] : [])),
    unanswered: read.flatMap(({ answer }) => answer.unanswered ?? []),
  };
}

/** One that is on its way out is not there any more. */
const isStaying = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp === undefined;

const isIn = (namespace: string) => (object: KubeObject) => object.metadata.namespace === namespace;
const named = (objects: readonly KubeObject[]): string[] => objects.map(({ metadata }) => metadata.name);

function namespacesOf({ of }: Answers, workloads: readonly KubeObject[]): NamespaceFact[] {
  return of('namespaces')
    .filter(isStaying)
    .map(({ metadata }) => ({
      name: metadata.name,
      security: metadata.labels?.['pod-security.kubernetes.io/enforce'],
      ofAStack: metadata.labels?.[OWN_LABEL] !== undefined,
      quotas: named(of('resourcequotas').filter(isIn(metadata.name))),
      workloads: workloads.filter(isIn(metadata.name)).length,
      budgets: named(of('poddisruptionbudgets.policy').filter(isIn(metadata.name))),
    }));
}

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

function classesOf({ of }: Answers, claims: readonly ClaimFact[]): StorageClassFact[] {
  const shared = of('persistentvolumeclaims').filter(
    ({ spec, status }) =>
      listOf(fieldsOf(spec).accessModes).includes('ReadWriteMany') && fieldsOf(status).phase === 'Bound',
  );
  return of('storageclasses.storage.k8s.io').map((object) => {
    const { name, annotations } = object.metadata;
    const provisioner = textOf(object.provisioner);
    const proof = shared.find(({ spec }) => fieldsOf(spec).storageClassName === name)?.metadata;
    const claim = claims.find((each) => each.name === proof?.name && each.namespace === proof?.namespace);
    const by = claim === undefined ? undefined : `claim ${claim.namespace}/${claim.name} has it`;
    return {
      name,
      provisioner,
      isDefault: annotations?.[DEFAULT_CLASS] === 'true',
      shared: by ?? (isSharedDriver(provisioner) ? `a driver of shared files: ${provisioner}` : undefined),
    };
  });
}

function prometheusIn({ of }: Answers, makers: readonly KubeObject[]): string[] {
  const byImage = makers.filter((object) =>
    podMaker(object).images.some((image) => /(^|\/)prometheus(:|@|$)/.test(image)),
  );
  const all = [...of('prometheuses.monitoring.coreos.com'), ...byImage];
  return [...new Set(all.flatMap(({ metadata }) => metadata.namespace ?? []))].sort();
}

/** `aws:///eu-west-1a/i-0abc` */
function cloudOf(nodes: readonly KubeObject[]): string | undefined {
  const schemes = nodes.map(({ spec }) => /^([a-z]+):\/\//.exec(textOf(fieldsOf(spec).providerID))?.[1]);
  return schemes.find((scheme) => scheme !== undefined);
}

/** Throws what the first two questions throw: without the version and the kinds there is nothing to say. */
export async function lookAtCluster(cluster: Cluster): Promise<ClusterFacts> {
  const version = await cluster.version();
  const discovery = await cluster.discover();
  const answers = await readKinds(cluster, discovery);
  const { of, unread, unanswered } = answers;
  const groups = [...new Set(discovery.types.map(({ group }) => group))].sort();
  const workloads = ['deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'cronjobs.batch'].flatMap(of);
  const loose = of('pods').filter(({ metadata }) => (metadata.ownerReferences ?? []).length === 0);
  // An operator's pods are owned by its own kinds, of which no template is known here.
  const kinds = new Set(['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'Node']);
  const ofOperators = of('pods').filter(({ metadata }) =>
    (metadata.ownerReferences ?? []).some(({ kind }) => !kinds.has(kind)),
  );
  const makers = [...workloads, ...loose, ...ofOperators].filter(isStaying);
  const claims = claimFacts(of('persistentvolumeclaims'), makers);
  const namespaces = namespacesOf(answers, workloads);
  const ofStacks = new Set(namespaces.filter(({ ofAStack }) => ofAStack).map(({ name }) => name));
  const silent = discovery.silentGroups.map((group) => ({
    about: `API group ${group}`,
    why: 'its own server does not answer',
    hint: `see why: kubectl get apiservice, then run \`dr setup\` again`,
  }));
  return {
    version,
    nodes: unread.includes('nodes') ? undefined : of('nodes').length,
    cloud: cloudOf(of('nodes')),
    namespaces,
    operators: groups.flatMap((group) => {
      const name = operatorOf(group);
      return name === undefined ? [] : [{ name, group }];
    }),
    storageClasses: classesOf(answers, claims),
    snapshotClasses: named(of('volumesnapshotclasses.snapshot.storage.k8s.io')),
    network: networkOf(
      of('daemonsets.apps').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      groups,
    ),
    prometheusOperator: ['servicemonitors', 'prometheusrules'].every((plural) =>
      discovery.types.some((type) => keyOf(type) === `${plural}.monitoring.coreos.com`),
    ),
    prometheus: prometheusIn(answers, makers),
    stores: storesAmong(makers.map(podMaker), of('services')).filter(({ namespace }) => !ofStacks.has(namespace)),
    claims,
    clusterKinds: REFERRED_KINDS.filter((key) => of(key).length > 0),
    unread,
    unanswered: [...unanswered, ...silent],
  };
}
