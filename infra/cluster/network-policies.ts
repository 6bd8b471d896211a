/**
 * All network policies. They deny by default. Each egress target has a policy, and pods have a label for each of their targets. The
 * names of policies and labels (`reach-…`) stand in the state of each stack, so they stay. Pure.
 */
import { type Namespaces, platformNamespaces } from '../../plan/declared/namespaces.ts';
import { EGRESS_TARGETS, type EgressTarget, egressLabel, selectorOf } from './labels.ts';
import type { NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from './manifests.ts';
import { MONITOR, PORTS, POSTGRES, REDIS, REPOSITORY_SERVER } from './ports.ts';

export interface Outside {
  /** Networks (CIDR) and ports of the Kubernetes API, which is not a pod that a selector could name. */
  readonly kubernetesApi: { readonly cidrs: readonly string[]; readonly ports: readonly number[] };
  readonly objectStorage: { readonly cidrs: readonly string[]; readonly ports: readonly number[] };
  /** Networks of resolvers that are not pods of kube-system. @default none */
  readonly dns?: { readonly cidrs: readonly string[] } | undefined;
  /** Whether Cilium enforces the policies (cilium-policies.ts). @default false */
  readonly cilium?: boolean | undefined;
  /** Ports of the git servers that backups mirror. Without any nothing may reach them. */
  readonly gitPorts?: readonly number[] | undefined;
  /** Ports of those who are told in an incident, besides 443. @default none */
  readonly channelPorts?: readonly number[] | undefined;
  /** Ports of stores that stay where they are, in the cluster or outside of it. @default both are the stack's */
  readonly externalPorts?: { readonly postgres?: number | undefined; readonly redis?: number | undefined } | undefined;
  /** Namespace of Prometheus. Without it nothing may scrape. */
  readonly monitoringNamespace?: string | undefined;
  /** Servers of the platform that the stores follow until they take over. @default none */
  readonly followed?: readonly Followed[] | undefined;
  /** The platform of a drill: it gets only what the recovery itself needs. @default false */
  readonly isolated?: boolean | undefined;
}

/** A server that a store of the stack follows. */
export interface Followed {
  /** Of the store's pods, as in their label. */
  readonly store: typeof POSTGRES | typeof REDIS;
  /** Of its pods; undefined for a host outside of the cluster. */
  readonly namespace?: string | undefined;
  /** On which it listens. */
  readonly port: number;
}

/** A drill sends no alerts and writes no copies. */
const NOT_IN_A_DRILL: readonly EgressTarget[] = ['pgbackrest', 'alerting', 'git'];

export interface NamedPolicy {
  readonly name: string;
  readonly namespace: string;
  readonly spec: NetworkPolicySpec;
}

const tcp = (...ports: readonly number[]): NetworkPolicyPort[] => ports.map((port) => ({ protocol: 'TCP', port }));

/** Every address except the node's metadata service, which has the node's credentials. */
const ANY = { '0.0.0.0/0': ['169.254.0.0/16'], '::/0': ['fe80::/10', 'fd00:ec2::/32'] } as Record<string, string[]>;

const networks = (cidrs: readonly string[]): NetworkPolicyPeer[] =>
  cidrs.map((cidr) => ({ ipBlock: { cidr, ...(ANY[cidr] === undefined ? {} : { except: ANY[cidr] }) } }));

/** A network policy takes no host names, and some networks match pods by selectors alone. */
function anywhere(port: number): NonNullable<NetworkPolicySpec['egress']> {
  return [{ to: [...networks(['0.0.0.0/0', '::/0']), { namespaceSelector: {} }], ports: tcp(port) }];
}

function inNamespace(namespace: string, labels: Record<string, string>): NetworkPolicyPeer {
  return {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    podSelector: { matchLabels: labels },
  };
}

/** Every pod of a namespace that is there already: nobody has put our labels on its pods. */
function ofThePlatform({ existing }: Namespaces): NetworkPolicyPeer[] {
  return existing.map((namespace) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  }));
}

/** Pods with the label, in the namespaces of the stack. */
function allowedSources(reach: EgressTarget, namespaces: Namespaces): NetworkPolicyPeer[] {
  return [namespaces.platform, namespaces.recovery].map((namespace) =>
    inNamespace(namespace, { [egressLabel(reach)]: 'allowed' }),
  );
}

const DNS: readonly NetworkPolicyPort[] = [
  { protocol: 'UDP', port: 53 },
  { protocol: 'TCP', port: 53 },
];

const toDns = ({ dns }: Outside) => ({
  to: [
    { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
    ...networks(dns?.cidrs ?? []),
  ],
  ports: [...DNS],
});

function egressRules(
  reach: EgressTarget,
  namespaces: Namespaces,
  outside: Outside,
): NonNullable<NetworkPolicySpec['egress']> {
  switch (reach) {
    case 'dns':
      return [toDns(outside)];
    case 'kubernetes-api':
      return [{ to: networks(outside.kubernetesApi.cidrs), ports: tcp(...outside.kubernetesApi.ports) }];
    case 'object-storage':
      return [{ to: networks(outside.objectStorage.cidrs), ports: tcp(...outside.objectStorage.ports) }];
    case 'postgres':
      if (outside.externalPorts?.postgres !== undefined) return anywhere(outside.externalPorts.postgres);
      return [{ to: [inNamespace(namespaces.platform, selectorOf(POSTGRES))], ports: tcp(PORTS.postgres) }];
    case 'pgbackrest':
      return [
        {
          to: [
            inNamespace(namespaces.platform, selectorOf(POSTGRES)),
            inNamespace(namespaces.recovery, selectorOf(REPOSITORY_SERVER)),
          ],
          ports: tcp(PORTS.pgbackrest),
        },
      ];
    case 'redis':
      if (outside.externalPorts?.redis !== undefined) return anywhere(outside.externalPorts.redis);
      return [{ to: [inNamespace(namespaces.platform, selectorOf(REDIS))], ports: tcp(PORTS.redis) }];
    case 'alerting':
      // Alert receivers are known by host name only, and a network policy takes no names.
      return [{ to: networks(['0.0.0.0/0', '::/0']), ports: tcp(443, ...(outside.channelPorts ?? [])) }];
    case 'git':
      // As with alert receivers: a network policy takes no host names.
      return [{ to: networks(['0.0.0.0/0', '::/0']), ports: tcp(...(outside.gitPorts ?? [])) }];
  }
}

interface Ingress {
  /** Of the pods, as in their label. */
  readonly name: string;
  readonly namespace: string;
  readonly from: readonly NetworkPolicyPeer[];
  readonly port: number;
  /** Of the policy's name, where the pods have several. */
  readonly suffix?: string;
}

function ingressPolicy({ name, namespace, from, port, suffix = '' }: Ingress): NamedPolicy {
  const spec: NetworkPolicySpec = {
    podSelector: { matchLabels: selectorOf(name) },
    policyTypes: ['Ingress'],
    ingress: [{ from: [...from], ports: tcp(port) }],
  };
  return { name: `into-${name}${suffix}`, namespace, spec };
}

function denyAll(namespace: string): NamedPolicy {
  return { name: 'default-deny', namespace, spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } };
}

function egressPolicies(namespace: string, namespaces: Namespaces, outside: Outside): NamedPolicy[] {
  const open = EGRESS_TARGETS.filter((target) => {
    if (target === 'git' && outside.gitPorts === undefined) return false;
    return outside.isolated !== true || !NOT_IN_A_DRILL.includes(target);
  });
  return open.map((target) => ({
    name: `reach-${target}`,
    namespace,
    spec: {
      podSelector: { matchLabels: { [egressLabel(target)]: 'allowed' } },
      policyTypes: ['Egress'],
      egress: egressRules(target, namespaces, outside),
    },
  }));
}

/** Members query each other's state, stream WAL and copy base backups. */
function amongMembers(platform: string): NamedPolicy {
  const peers = [{ podSelector: { matchLabels: selectorOf(POSTGRES) } }];
  const ports = tcp(PORTS.postgres, PORTS.patroni);
  return {
    name: 'among-postgres-members',
    namespace: platform,
    spec: {
      podSelector: { matchLabels: selectorOf(POSTGRES) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: peers, ports }],
      egress: [{ to: peers, ports }],
    },
  };
}

/** Only the monitoring namespace may scrape. */
function metrics(namespaces: Namespaces, monitoring: string): NamedPolicy[] {
  const from = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': monitoring } } }];
  return [
    ingressPolicy({ name: MONITOR, namespace: namespaces.recovery, from, port: PORTS.metrics }),
    ingressPolicy({
      name: POSTGRES,
      namespace: namespaces.platform,
      from,
      port: PORTS.patroni,
      suffix: '-metrics',
    }),
  ];
}

/** What a drill does not have: the ways for backups, and for scraping. */
function ofASite(namespaces: Namespaces, { monitoringNamespace }: Outside): NamedPolicy[] {
  const { platform, recovery } = namespaces;
  const pgbackrest = { from: allowedSources('pgbackrest', namespaces), port: PORTS.pgbackrest };
  return [
    ingressPolicy({ name: POSTGRES, namespace: platform, ...pgbackrest, suffix: '-pgbackrest' }),
    ingressPolicy({ name: REPOSITORY_SERVER, namespace: recovery, ...pgbackrest }),
    ...(monitoringNamespace === undefined ? [] : metrics(namespaces, monitoringNamespace)),
  ];
}

/** By selector and not by a label of the pods: another label would restart them. */
function toFollowed(platform: string, outside: Outside, { store, namespace, port }: Followed): NamedPolicy {
  const to: NetworkPolicyPeer[] =
    namespace === undefined
      ? networks(['0.0.0.0/0', '::/0'])
      : [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }];
  const spec: NetworkPolicySpec = {
    podSelector: { matchLabels: selectorOf(store) },
    policyTypes: ['Egress'],
    egress: [{ to, ports: tcp(port) }, toDns(outside)],
  };
  return { name: `adopt-${store}`, namespace: platform, spec };
}

/** In a drill. Its services have no labels of ours, and reach each other and the stores over several namespaces. */
function withinDrill(namespaces: Namespaces, outside: Outside): NamedPolicy[] {
  const peers = platformNamespaces(namespaces).map((namespace) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  }));
  return namespaces.existing.map((namespace) => ({
    name: 'within-drill',
    namespace,
    spec: {
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: peers }],
      egress: [{ to: peers }, toDns(outside)],
    },
  }));
}

/** The ways of our pods in a namespace of the platform, whatever its own policies let out. */
export function visitorPolicies(
  { namespace, name, labels }: { namespace: string; name: string; labels: Record<string, string> },
  namespaces: Namespaces,
  outside: Outside,
): NamedPolicy[] {
  return (['dns', 'object-storage'] as const).map((reach) => ({
    name: `${name}-${reach}`,
    namespace,
    spec: {
      podSelector: { matchLabels: labels },
      policyTypes: ['Egress'],
      egress: egressRules(reach, namespaces, outside),
    },
  }));
}

export function networkPolicies(namespaces: Namespaces, outside: Outside): NamedPolicy[] {
  const { platform, recovery } = namespaces;
  return [
    ...[platform, recovery].flatMap((namespace) => [
      denyAll(namespace),
      ...egressPolicies(namespace, namespaces, outside),
    ]),
    ingressPolicy({
      name: POSTGRES,
      namespace: platform,
      from: [...allowedSources('postgres', namespaces), ...ofThePlatform(namespaces)],
      port: PORTS.postgres,
    }),
    ingressPolicy({
      name: REDIS,
      namespace: platform,
      from: [...allowedSources('redis', namespaces), ...ofThePlatform(namespaces)],
      port: PORTS.redis,
    }),
    amongMembers(platform),
    ...(outside.followed ?? []).map((each) => toFollowed(platform, outside, each)),
    ...(outside.isolated === true
      ? [...namespaces.existing.map(denyAll), ...withinDrill(namespaces, outside)]
      : ofASite(namespaces, outside)),
  ];
}
