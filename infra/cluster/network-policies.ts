/** Pure: every network policy. Nothing is open; each opening has a name, and pods carry a label for what they may reach. */
import { EGRESS_TARGETS, type EgressTarget, egressLabel, selectorOf } from './labels.ts';
import type { NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from './manifests.ts';
import { MONITOR, PORTS, POSTGRES, REDIS, REPOSITORY_SERVER } from './ports.ts';

export interface Outside {
  /** Networks (CIDR) and ports of the Kubernetes API: its address is no pod's, so a selector can't name it. */
  readonly kubernetesApi: { readonly cidrs: readonly string[]; readonly ports: readonly number[] };
  readonly objectStorage: { readonly cidrs: readonly string[]; readonly ports: readonly number[] };
  /** Namespace of Prometheus; none may scrape where it is absent. */
  readonly monitoringNamespace?: string | undefined;
  /** A drill's platform (F37): what a recovery itself needs, and nothing else. @default false */
  readonly isolated?: boolean | undefined;
}

/** A drilled platform tells nobody, and copies nothing. */
const NOT_IN_A_DRILL: readonly EgressTarget[] = ['pgbackrest', 'alerting'];

export interface Namespaces {
  /** PostgreSQL, Redis and the services. */
  readonly platform: string;
  /** Jobs, repositories and the monitor. It outlives the platform's: deleting that one is a step of a recovery. */
  readonly recovery: string;
}

export interface NamedPolicy {
  readonly name: string;
  readonly namespace: string;
  readonly spec: NetworkPolicySpec;
}

const tcp = (...ports: readonly number[]): NetworkPolicyPort[] => ports.map((port) => ({ protocol: 'TCP', port }));

/** Any address but the node's own metadata, where a pod would find the node's credentials. */
const ANY = { '0.0.0.0/0': ['169.254.0.0/16'], '::/0': ['fe80::/10', 'fd00:ec2::/32'] } as Record<string, string[]>;

const networks = (cidrs: readonly string[]): NetworkPolicyPeer[] =>
  cidrs.map((cidr) => ({ ipBlock: { cidr, ...(ANY[cidr] === undefined ? {} : { except: ANY[cidr] }) } }));

function inNamespace(namespace: string, labels: Record<string, string>): NetworkPolicyPeer {
  return {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    podSelector: { matchLabels: labels },
  };
}

/** Pods of either namespace that carry the label. */
function allowedSources(reach: EgressTarget, namespaces: Namespaces): NetworkPolicyPeer[] {
  return [namespaces.platform, namespaces.recovery].map((namespace) =>
    inNamespace(namespace, { [egressLabel(reach)]: 'allowed' }),
  );
}

const DNS: readonly NetworkPolicyPort[] = [
  { protocol: 'UDP', port: 53 },
  { protocol: 'TCP', port: 53 },
];

function destination(reach: EgressTarget, namespaces: Namespaces, outside: Outside): NonNullable<NetworkPolicySpec['egress']> {
  switch (reach) {
    case 'dns':
      return [
        {
          to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
          ports: [...DNS],
        },
      ];
    case 'kubernetes-api':
      return [{ to: networks(outside.kubernetesApi.cidrs), ports: tcp(...outside.kubernetesApi.ports) }];
    case 'object-storage':
      return [{ to: networks(outside.objectStorage.cidrs), ports: tcp(...outside.objectStorage.ports) }];
    case 'postgres':
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
      return [{ to: [inNamespace(namespaces.platform, selectorOf(REDIS))], ports: tcp(PORTS.redis) }];
    case 'alerting':
      // Whom the monitor calls is known by a name only, which a network policy can't hold.
      return [{ to: networks(['0.0.0.0/0', '::/0']), ports: tcp(443) }];
  }
}

/** Who may open connections to `name`. */
function into(
  name: string,
  namespace: string,
  from: readonly NetworkPolicyPeer[],
  ports: readonly number[],
  suffix = '',
): NamedPolicy {
  const spec: NetworkPolicySpec = {
    podSelector: { matchLabels: selectorOf(name) },
    policyTypes: ['Ingress'],
    ingress: [{ from: [...from], ports: tcp(...ports) }],
  };
  return { name: `into-${name}${suffix}`, namespace, spec };
}

function denyAll(namespace: string): NamedPolicy {
  return { name: 'default-deny', namespace, spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } };
}

function outOf(namespace: string, namespaces: Namespaces, outside: Outside): NamedPolicy[] {
  const open = EGRESS_TARGETS.filter((reach) => outside.isolated !== true || !NOT_IN_A_DRILL.includes(reach));
  return open.map((reach) => ({
    name: `reach-${reach}`,
    namespace,
    spec: {
      podSelector: { matchLabels: { [egressLabel(reach)]: 'allowed' } },
      policyTypes: ['Egress'],
      egress: destination(reach, namespaces, outside),
    },
  }));
}

/** Members ask each other's state, stream WAL and copy base backups. */
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

/** Scraping from the monitoring namespace, and from nowhere else. */
function metrics(namespaces: Namespaces, monitoring: string): NamedPolicy[] {
  const from = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': monitoring } } }];
  return [
    into(MONITOR, namespaces.recovery, from, [PORTS.metrics]),
    into(POSTGRES, namespaces.platform, from, [PORTS.patroni], '-metrics'),
  ];
}

/** Copies leave by these, and numbers. */
function ofASite(namespaces: Namespaces, { monitoringNamespace }: Outside): NamedPolicy[] {
  const { platform, recovery } = namespaces;
  return [
    into(POSTGRES, platform, allowedSources('pgbackrest', namespaces), [PORTS.pgbackrest], '-pgbackrest'),
    into(REPOSITORY_SERVER, recovery, allowedSources('pgbackrest', namespaces), [PORTS.pgbackrest]),
    ...(monitoringNamespace === undefined ? [] : metrics(namespaces, monitoringNamespace)),
  ];
}

export function networkPolicies(namespaces: Namespaces, outside: Outside): NamedPolicy[] {
  const { platform, recovery } = namespaces;
  return [
    ...[platform, recovery].flatMap((namespace) => [denyAll(namespace), ...outOf(namespace, namespaces, outside)]),
    into(POSTGRES, platform, allowedSources('postgres', namespaces), [PORTS.postgres]),
    into(REDIS, platform, allowedSources('redis', namespaces), [PORTS.redis]),
    amongMembers(platform),
    ...(outside.isolated === true ? [] : ofASite(namespaces, outside)),
  ];
}
