/** Pure: the config of a stack beside a platform that runs in a cluster. What has no answer is marked; an address stands in `.invalid`. */
import { dataSourceOf } from '../../../plan/data-source.ts';
import type { Plan } from '../../../plan/types.ts';
import { dataOf, type Part, remark, section, value } from '../document.ts';
import type { Unanswered } from '../found.ts';
import type { ClaimFact, ClusterFacts, NamespaceFact, StorageClassFact } from './facts.ts';
import { IMAGE_SERIES } from './image-series.ts';
import { isOfTheCluster } from './known.ts';
import { storagePart } from './storage.ts';
import { type NamedVolumes, type VolumesPart, volumesPart } from './volumes.ts';

export interface ClusterChoices {
  readonly stack: string;
  readonly context: string;
  /** Absolute. */
  readonly kubeconfig: string;
  readonly name: string;
  readonly site: string;
  /** Namespaces of the platform. Empty: all with workloads that are not the cluster's own. */
  readonly namespaces: readonly string[];
  /** Repository → https address. */
  readonly endpoints: ReadonlyMap<string, string>;
  /** Prefix of the three images: `registry.example.com/go-coffee`. */
  readonly registry: string | undefined;
  /** `volumes` of the stack's file. */
  readonly named: NamedVolumes;
  /** Version of this program, the tag of its images. */
  readonly version: string;
}

export interface ClusterProposal {
  readonly parts: readonly Part[];
  /** Keys without the project's name. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly unanswered: readonly Unanswered[];
  readonly notes: readonly string[];
  /** Claims that are copied, by their workload. */
  readonly volumes: VolumesPart['volumes'];
  /** Workloads of the plan, and whether something of the config holds the data of each. */
  readonly workloads: readonly { readonly id: string; readonly title: string; readonly covered: boolean }[];
}

/** Where this project keeps what brings a platform back. */
const RECOVERY = 'go-coffee-dr';

interface Made {
  readonly parts: readonly Part[];
  readonly unanswered?: readonly Unanswered[];
}

function open(key: string, unanswered: Unanswered, placeholder?: Part): Made {
  const lines = [
    `NOT ANSWERED: ${key}: ${unanswered.why}`,
    `  to answer it: ${unanswered.hint}; then run \`dr setup\` again`,
  ];
  return { parts: [remark(...lines), ...(placeholder === undefined ? [] : [placeholder])], unanswered: [unanswered] };
}

export function candidates({ namespaces }: ClusterFacts): NamespaceFact[] {
  return namespaces.filter(
    ({ name, workloads, ofAStack }) => workloads > 0 && name !== RECOVERY && !ofAStack && !isOfTheCluster(name),
  );
}

function platformNamespaces(facts: ClusterFacts, choices: ClusterChoices): string[] {
  return choices.namespaces.length > 0 ? [...choices.namespaces] : candidates(facts).map(({ name }) => name);
}

function namespacesPart(facts: ClusterFacts, choices: ClusterChoices): Made {
  const names = platformNamespaces(facts, choices);
  const unread = facts.unread.find((key) => ['namespaces', 'deployments.apps', 'statefulsets.apps'].includes(key));
  const given = choices.namespaces.length > 0;
  if (!given && unread !== undefined) {
    const why = `${unread} could not be read`;
    return open('namespaces', {
      about: 'namespaces',
      why,
      hint: 'name those of the platform: --namespace shop,shop-data',
    });
  }
  if (names.length === 0)
    return { parts: [remark('namespaces: none has workloads of a platform; the stack makes go-coffee')] };
  const counted = facts.namespaces
    .filter(({ name }) => names.includes(name))
    .map(({ name, workloads }) => `${name} (${plural(workloads)})`);
  const by = given
    ? 'named by --namespace'
    : `have workloads: ${counted.join(', ')}; remove what is not the platform’s`;
  return {
    parts: [
      section('namespaces', 'They exist, and the stack owns none of them', [
        value('platform', { existing: names }, by),
      ]),
    ],
  };
}

/** `1 workload`, `2 workloads` */
const plural = (workloads: number): string => `${workloads} workload${workloads === 1 ? '' : 's'}`;

function onlyOne(classes: readonly StorageClassFact[]): StorageClassFact | undefined {
  return classes.length === 1 ? classes[0] : undefined;
}

function storageClassesPart({ storageClasses, unread }: ClusterFacts): Made {
  if (unread.includes('storageclasses.storage.k8s.io')) {
    const hint = 'let this account list storageclasses, or write storageClasses by hand';
    return open('storageClasses', { about: 'storageClasses', why: 'the classes could not be read', hint });
  }
  const unanswered: Unanswered[] = [];
  const parts: Part[] = [];
  const remarks: Part[] = [];
  const usual = storageClasses.find(({ isDefault }) => isDefault);
  const one = usual ?? onlyOne(storageClasses);
  const names = storageClasses.map(({ name }) => name).join(', ') || 'none';
  if (usual !== undefined)
    remarks.push(remark(`postgres, redis: the cluster’s default class, ${usual.name} (${usual.provisioner})`));
  else if (one !== undefined) {
    parts.push(...['postgres', 'redis'].map((key) => value(key, one.name, `the only class (${one.provisioner})`)));
  } else {
    const why = `no class is the default one; classes: ${names}`;
    const made = open('postgres, redis', {
      about: 'storageClasses.postgres',
      why,
      hint: 'write postgres and redis here',
    });
    remarks.push(...made.parts);
    unanswered.push(...(made.unanswered ?? []));
  }
  const shared = storageClasses.filter((each) => each.shared !== undefined);
  const backups = onlyOne(shared);
  const access: Part[] = [];
  if (backups !== undefined) parts.push(value('backups', backups.name, `ReadWriteMany: ${backups.shared}`));
  else if (shared.length === 0 && one !== undefined) {
    const why = 'no class is known for ReadWriteMany; the pods that mount the local repository run on one node';
    if (usual === undefined) parts.push(value('backups', one.name, `the only class (${one.provisioner})`));
    access.push(section('backups', 'Volumes of the local repository', [value('access', 'ReadWriteOnce', why)]));
  } else {
    const why =
      shared.length === 0
        ? `no class is known for ReadWriteMany: name one, or any class with backups: {access: ReadWriteOnce}; classes: ${names}`
        : `several classes have ReadWriteMany: ${shared.map(({ name }) => name).join(', ')}`;
    const made = open('backups', { about: 'storageClasses.backups', why, hint: 'write backups here' });
    remarks.push(...made.parts);
    unanswered.push(...(made.unanswered ?? []));
  }
  const classes = section('storageClasses', 'Where volumes come from', [...parts, ...remarks]);
  return { parts: [classes, ...access], unanswered };
}

function imagesPart({ registry, version }: ClusterChoices): Made {
  const prefix = registry ?? 'registry.invalid/go-coffee';
  const images = section('images', 'Built from images/ of this program', [
    value('toolbox', `${prefix}/toolbox:${version}`, 'runs dr in its pods'),
    value('postgres', `${prefix}/postgres:${IMAGE_SERIES.postgres}-${version}`, 'PostgreSQL with pgBackRest'),
    value('redis', `${prefix}/redis:${IMAGE_SERIES.redis}-${version}`, 'Redis'),
  ]);
  if (registry !== undefined) return { parts: [images] };
  const why = 'the cluster does not say which registry holds the images of this program';
  return open(
    'images',
    { about: 'images', why, hint: 'build images/, push them, and name their prefix: --registry HOST/PATH' },
    images,
  );
}

function monitoringPart({ prometheusOperator, prometheus, unread }: ClusterFacts): Made {
  const word = prometheusOperator ? 'has ServiceMonitor and PrometheusRule' : 'no ServiceMonitor and PrometheusRule';
  const operator = value('prometheusOperator', prometheusOperator, word);
  const hidden = unread.filter((key) => /^(deployments|statefulsets|prometheuses)\./.test(key));
  const [one, second] = prometheus;
  if (one === undefined && hidden.length > 0) {
    const why = `${hidden.join(', ')} could not be read`;
    const made = open('namespace', { about: 'monitoring.namespace', why, hint: 'write namespace here' });
    return {
      parts: [section('monitoring', 'Who scrapes', [operator, ...made.parts])],
      unanswered: made.unanswered ?? [],
    };
  }
  if (one === undefined) {
    return {
      parts: [
        section('monitoring', 'Who scrapes', [
          operator,
          remark('namespace: no Prometheus was found; without one nothing may scrape'),
        ]),
      ],
    };
  }
  if (second === undefined) {
    return {
      parts: [section('monitoring', 'Who scrapes', [operator, value('namespace', one, 'Prometheus runs there')])],
    };
  }
  const why = `Prometheus runs in several namespaces: ${prometheus.join(', ')}`;
  const made = open('namespace', { about: 'monitoring.namespace', why, hint: 'write namespace here' });
  return {
    parts: [section('monitoring', 'Who scrapes', [operator, ...made.parts])],
    unanswered: made.unanswered ?? [],
  };
}

function foldersPart({ claims, unread }: ClusterFacts, plan: Plan): Made & { readonly covered: readonly string[] } {
  if (unread.includes('persistentvolumeclaims')) {
    const hint = 'write workload: claim under folders';
    return { ...open('folders', { about: 'folders', why: 'the claims could not be read', hint }), covered: [] };
  }
  const folders = plan.workloads.filter((each) => dataSourceOf(each) === 'folders' && each.objects === undefined);
  const isOurs = (claim: ClaimFact, id: string) => claim.namespace === RECOVERY && claim.name === id;
  const found = folders.filter(({ id }) => claims.some((claim) => isOurs(claim, id)));
  const bare = folders.filter((each) => !found.includes(each));
  const parts = [
    ...found.map(({ id }) => value(id, id, `claim ${RECOVERY}/${id} has its name`)),
    ...(bare.length === 0
      ? []
      : [
          remark(
            `${bare.map(({ id }) => id).join(', ')}: no claim in ${RECOVERY} has this name; write workload: claim`,
          ),
        ]),
  ];
  return {
    parts: [section('folders', `Workload of the plan → claim in ${RECOVERY}`, parts)],
    covered: found.map(({ id }) => id),
  };
}

function postgresPart({ nodes }: ClusterFacts): Made {
  const MEMBERS = 3;
  if (nodes === undefined || nodes >= MEMBERS) return { parts: [] };
  const parts = [value('spread', 'preferred', `the cluster has ${nodes} nodes, fewer than ${MEMBERS} members`)];
  return { parts: [section('postgres', 'Members of the stack’s own database', parts)] };
}

function notesOf(facts: ClusterFacts, claims: readonly string[]): string[] {
  const stores = facts.stores.map(({ kind, object, by, services }) => {
    const reached = services.length === 0 ? 'no Service leads to it' : `Service ${services.join(', ')}`;
    return `${object} looks like ${kind === 'postgres' ? 'PostgreSQL' : 'Redis'} (${by}; ${reached}): the stack does not back up its data`;
  });
  const cloud =
    facts.cloud === 'aws'
      ? ['the nodes are of AWS: Pulumi.production.yaml shows storage.kind aws, which declares buckets and roles']
      : [];
  return [...stores, ...claims, ...cloud];
}

export function proposeCluster(facts: ClusterFacts, choices: ClusterChoices, plan: Plan): ClusterProposal {
  const repositories = storagePart(plan, choices.endpoints);
  const storage: Made = { parts: [repositories.part], unanswered: repositories.unanswered };
  const folders = foldersPart(facts, plan);
  const volumes = volumesPart(
    facts,
    {
      namespaces: platformNamespaces(facts, choices),
      named: choices.named,
      recovery: RECOVERY,
      covered: folders.covered,
    },
    plan,
  );
  const made: readonly Made[] = [
    storage,
    namespacesPart(facts, choices),
    storageClassesPart(facts),
    imagesPart(choices),
    postgresPart(facts),
    folders,
    volumes,
    monitoringPart(facts),
  ];
  const parts: Part[] = [
    value('role', 'primary', 'this stack leads'),
    value('environment', choices.name, 'prefix in every repository'),
    value('site', choices.site, 'name of this platform’s site'),
    section('cluster', 'The current context is never used', [
      value('kubeconfig', choices.kubeconfig, 'where this look was made from'),
      value('context', choices.context, 'the cluster that was looked at'),
    ]),
    ...made.flatMap((each) => each.parts),
    ...(facts.clusterKinds.length === 0
      ? []
      : [
          section('capture', 'What objects of the platform refer to', [
            value('clusterKinds', facts.clusterKinds, 'they have objects'),
          ]),
        ]),
    remark('git: {repositories: {NAME: https://…}} mirrors the code; no cluster says where that is'),
  ];
  const held = new Set([...folders.covered, ...volumes.volumes.map(({ id }) => id)]);
  const isCovered = ({ id, type, objects }: Plan['workloads'][number]) =>
    objects !== undefined || dataSourceOf({ type }) === 'postgres' || type === 'redis' || held.has(id);
  return {
    parts,
    data: dataOf(parts),
    unanswered: [...facts.unanswered, ...made.flatMap(({ unanswered }) => unanswered ?? [])],
    notes: notesOf(facts, volumes.notes),
    volumes: volumes.volumes,
    workloads: plan.workloads.map((each) => ({ id: each.id, title: each.title, covered: isCovered(each) })),
  };
}
