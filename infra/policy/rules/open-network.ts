/** Every rule of a network policy names peers and ports. An empty rule allows everybody, and it outweighs a default denial. */
import { at, listAt, quoted, type Resource, textAt } from '../resource.ts';
import type { Breach, Rule } from '../rule.ts';
import { NETWORK_POLICY } from './default-deny.ts';
import { LINES } from './lines.ts';

const ANYWHERE = ['0.0.0.0/0', '::/0'];

/** True for a peer that is every pod of every namespace: an empty namespace selector without a pod selector. */
function isEverybody(peer: unknown): boolean {
  const selects = (key: string) => {
    const selector = at(peer, key);
    const labels = at(selector, 'matchLabels') ?? {};
    return Object.keys(labels).length + listAt(selector, 'matchExpressions').length > 0;
  };
  return at(peer, 'namespaceSelector') !== undefined && !selects('namespaceSelector') && !selects('podSelector');
}

function wrong(direction: 'ingress' | 'egress', rule: unknown): string | undefined {
  const side = direction === 'ingress' ? 'from' : 'to';
  const peers = listAt(rule, side);
  const ports = listAt(rule, 'ports').length;
  if (peers.length === 0) return `${direction} ${side} everywhere: it names nobody`;
  if (peers.some(isEverybody)) return `${direction} ${side} the pods of every namespace`;
  const wide = peers.map((peer) => textAt(peer, 'ipBlock', 'cidr')).find((cidr) => ANYWHERE.includes(cidr ?? ''));
  // S3 has no fixed addresses, so egress to every address is allowed, but only to named ports.
  if (wide !== undefined && (direction === 'ingress' || ports === 0)) {
    return `${direction} ${side} ${wide}${ports === 0 ? ' by every port' : ''}`;
  }
  return undefined;
}

function check({ type, name, props }: Resource): Breach[] {
  if (type !== NETWORK_POLICY) return [];
  return (['ingress', 'egress'] as const).flatMap((direction) =>
    listAt(props, 'spec', direction).flatMap((rule) => {
      const fact = wrong(direction, rule);
      if (fact === undefined) return [];
      return [{ resource: name, found: `NetworkPolicy ${quoted(at(props, 'metadata', 'name'))} opens ${fact}` }];
    }),
  );
}

export const openNetwork: Rule = {
  id: 'open-network',
  over: 'resource',
  holds: 'A network policy opens named ways to named pods only.',
  breaks: LINES.network,
  check,
};
