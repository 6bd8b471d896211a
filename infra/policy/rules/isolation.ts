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

function leads(peer: unknown, ports: readonly unknown[], namespaces: readonly unknown[]): string | undefined {
  const cidr = textAt(peer, 'ipBlock', 'cidr');
  if (cidr !== undefined) return cidr;
  if (at(peer, 'namespaceSelector') === undefined) return undefined;
  const name = at(peer, 'namespaceSelector', 'matchLabels', NAME);
  if (isUnknown(name) || namespaces.includes(name)) return undefined;
  const dns = name === 'kube-system' && ports.length > 0 && ports.every((port) => at(port, 'port') === DNS_PORT);
  return dns ? undefined : `namespace ${quoted(name)}`;
}

function openings({ props }: Resource, namespaces: readonly unknown[]): string[] {
  const byAddress = BY_ADDRESS.some((label) => at(props, 'spec', 'podSelector', 'matchLabels', label) !== undefined);
  const ways = (['ingress', 'egress'] as const).flatMap((way) =>
    listAt(props, 'spec', way).flatMap((rule) => {
      const peers = listAt(rule, way === 'ingress' ? 'from' : 'to');
      if (peers.length === 0) return [`${way}: everywhere`];
      return peers.flatMap((peer) => {
        const where = leads(peer, listAt(rule, 'ports'), namespaces);
        const allowed = where === undefined || (way === 'egress' && byAddress && at(peer, 'ipBlock') !== undefined);
        return allowed ? [] : [`${way}: ${where}`];
      });
    }),
  );
  return ways;
}

/** Kinds that monitoring and routers outside of the drill act on. */
const SEEN_OUTSIDE = ['AlertmanagerConfig', 'HTTPRoute', 'Ingress', 'PodMonitor', 'PrometheusRule', 'ServiceMonitor'];

function wrong(resource: Resource, namespaces: readonly unknown[]): string[] {
  const { type, props } = resource;
  const kind = kindOf(resource);
  if (type === NETWORK_POLICY) return openings(resource, namespaces).map((way) => `opens ${way}`);
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
  return stack.resources.flatMap((resource) =>
    wrong(resource, namespaces).map((fact) => ({
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
