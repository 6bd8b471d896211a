/** An opening names who, and by which ports: an empty rule is everybody, and a second policy undoes the first one's denial. */
import { at, listAt, quoted, type Resource, textAt } from '../resource.ts';
import type { Breach, Rule } from '../rule.ts';
import { NETWORK_POLICY } from './default-deny.ts';
import { LINES } from './lines.ts';

const ANYWHERE = ['0.0.0.0/0', '::/0'];

/** Pods of all namespaces: a selector that selects nothing in particular, without another beside it. */
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
  // S3 has no fixed addresses: out to the whole net, but by named ports only.
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
