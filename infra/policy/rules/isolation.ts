/** F37: a drill's platform opens no way in or out, runs nothing on a schedule and writes no backup. */
import { egressLabel, ISOLATED_LABEL } from '../../cluster/labels.ts';
import { CONFIG_MAP } from '../effective-plan.ts';
import { at, isUnknown, listAt, ofType, quoted, type Resource, textAt } from '../resource.ts';
import type { Breach, Rule, Stack } from '../rule.ts';
import { NAMESPACE, NETWORK_POLICY } from './default-deny.ts';
import { LINES } from './lines.ts';

const KUBERNETES = 'kubernetes:';
const NAME = 'kubernetes.io/metadata.name';
const DNS_PORT = 53;
const SERVICE = 'kubernetes:core/v1:Service';

/** Egress targets that only the stores use: to read their source repository, and to elect a leader. */
const BY_ADDRESS = [egressLabel('object-storage'), egressLabel('kubernetes-api')];

const isMarked = ({ props }: Resource): boolean => textAt(props, 'metadata', 'labels', ISOLATED_LABEL) === 'true';

/** The label of its namespaces marks a drill. */
export function isIsolated({ resources }: Stack): boolean {
  return ofType(resources, NAMESPACE).some(isMarked);
}

const kindOf = ({ type }: Resource): string =>
  type.startsWith(KUBERNETES) ? type.slice(type.lastIndexOf(':') + 1) : '';
const nameOf = (resource: Resource): string =>
  `${kindOf(resource)} ${quoted(at(resource.props, 'metadata', 'name') ?? resource.name)}`;

interface Own {
  readonly namespaces: readonly unknown[];
  /** Addresses of its Services, e.g. `10.96.0.7/32`, as far as they are known: such an address leads nowhere else. */
  readonly services: readonly string[];
}

const isDns = (ports: readonly unknown[]): boolean =>
  ports.length > 0 && ports.every((port) => at(port, 'port') === DNS_PORT);

function leads(peer: unknown, ports: readonly unknown[], { namespaces }: Own): string | undefined {
  const cidr = textAt(peer, 'ipBlock', 'cidr');
  if (cidr !== undefined) {
    return isDns(ports) && !/\/0$/.test(cidr) ? undefined : cidr;
  }
  if (at(peer, 'namespaceSelector') === undefined) return undefined;
  const name = at(peer, 'namespaceSelector', 'matchLabels', NAME);
  if (isUnknown(name) || namespaces.includes(name)) return undefined;
  const dns = name === 'kube-system' && isDns(ports);
  return dns ? undefined : `namespace ${quoted(name)}`;
}

function openings({ props }: Resource, own: Own): string[] {
  const byAddress = BY_ADDRESS.some((label) => at(props, 'spec', 'podSelector', 'matchLabels', label) !== undefined);
  const toService = at(props, 'spec', 'podSelector', 'matchLabels', egressLabel('postgres')) !== undefined;
  const isService = (cidr: string): boolean =>
    toService && (own.services.length === 0 ? /\/(32|128)$/.test(cidr) : own.services.includes(cidr));
  const ways = (['ingress', 'egress'] as const).flatMap((way) =>
    listAt(props, 'spec', way).flatMap((rule) => {
      const peers = listAt(rule, way === 'ingress' ? 'from' : 'to');
      if (peers.length === 0) return [`${way}: everywhere`];
      return peers.flatMap((peer) => {
        const where = leads(peer, listAt(rule, 'ports'), own);
        const out = way === 'egress' && at(peer, 'ipBlock') !== undefined;
        const allowed = where === undefined || (out && (byAddress || isService(where)));
        return allowed ? [] : [`${way}: ${where}`];
      });
    }),
  );
  return ways;
}

/** Kinds that monitoring and routers outside of the drill act on. */
const SEEN_OUTSIDE = ['AlertmanagerConfig', 'HTTPRoute', 'Ingress', 'PodMonitor', 'PrometheusRule', 'ServiceMonitor'];

function wrong(resource: Resource, own: Own): string[] {
  const { type, props } = resource;
  const kind = kindOf(resource);
  if (type === NETWORK_POLICY) return openings(resource, own).map((way) => `opens ${way}`);
  if (SEEN_OUTSIDE.includes(kind)) return ['takes effect outside of it'];
  if (kind === 'Namespace' && !isMarked(resource)) return ['is not marked as one'];
  if (kind === 'CronJob' && at(props, 'spec', 'suspend') !== true) return ['runs'];
  if (kind === 'Service' && !['ClusterIP', undefined].includes(textAt(props, 'spec', 'type'))) {
    return [`is of type ${quoted(at(props, 'spec', 'type'))}`];
  }
  if (kind === 'Job') {
    const [container] = listAt(props, 'spec', 'template', 'spec', 'containers');
    const command = [...listAt(container, 'command'), ...listAt(container, 'args')].slice(0, 2).join(' ');
    return /^dr (backup|init|prune|offsite)$/.test(command) ? [`runs \`${command}\``] : [];
  }
  const patroni = type === CONFIG_MAP ? textAt(props, 'data', 'patroni.yml') : undefined;
  if (patroni === undefined || isUnknown(patroni) || /^\s*archive_mode: (off|"off"|'off')$/m.test(patroni)) return [];
  return ['archives: archive_mode is not off'];
}

function check(stack: Stack): Breach[] {
  if (!isIsolated(stack)) return [];
  const namespaces = ofType(stack.resources, NAMESPACE).map(({ props }) => at(props, 'metadata', 'name'));
  const services = ofType(stack.resources, SERVICE)
    .flatMap(({ props }) => [at(props, 'spec', 'clusterIP'), ...listAt(props, 'spec', 'clusterIPs')])
    .flatMap((address) =>
      typeof address === 'string' && /[.:]/.test(address) ? [`${address}/${address.includes(':') ? 128 : 32}`] : [],
    );
  return stack.resources.flatMap((resource) =>
    wrong(resource, { namespaces, services }).map((fact) => ({
      resource: resource.name,
      found: `${nameOf(resource)} of a drill ${fact}`,
    })),
  );
}

export const isolation: Rule = {
  id: 'isolation',
  over: 'stack',
  holds: 'A drill’s platform can’t call out, be reached, run by itself or copy itself away.',
  breaks: LINES.testEnvironment,
  check,
};
