/** Facts about network policies: who may come in, and what the pods may reach. */
import { at, listAt, textAt } from '../../../plan/declared/values.ts';
import { type DeclaredResource, kindOf } from '../declared.ts';
import type { Fact } from '../fact.ts';
import { leavesOf } from '../settings/flatten.ts';
import { isOwn } from './files.ts';

const OPENS = 'more can reach the stores or the jobs, or they can reach more';
const CLOSED = 'what the policy kept apart can talk, or what it let through fails: a backup, a restore, the archive';

/** `pods app=x`, `192.0.2.0/24 except …`, `anybody`. */
function peer(value: unknown): string {
  const cidr = textAt(value, 'ipBlock', 'cidr');
  if (cidr !== undefined) {
    const except = listAt(value, 'ipBlock', 'except').map(String);
    return except.length === 0 ? cidr : `${cidr} except ${except.join(', ')}`;
  }
  const parts = ['namespaceSelector', 'podSelector'].flatMap((key) => {
    const selector = at(value, key);
    return selector === undefined ? [] : [`${key === 'podSelector' ? 'pods' : 'namespaces'} ${selectorText(selector)}`];
  });
  return parts.join(' in ') || 'anybody';
}

function selectorText(selector: unknown): string {
  const labels = Object.entries((at(selector, 'matchLabels') as object | undefined) ?? {}).map(
    ([key, value]) => `${key}=${String(value)}`,
  );
  const expressions = listAt(selector, 'matchExpressions').map((one) => JSON.stringify(one));
  return [...labels, ...expressions].sort().join(',') || 'all';
}

function ways(spec: unknown, key: 'ingress' | 'egress'): string[] {
  return listAt(spec, key).flatMap((rule) => {
    const peers = listAt(rule, key === 'ingress' ? 'from' : 'to').map(peer);
    const ports = listAt(rule, 'ports').map(
      (port) =>
        `port ${String(at(port, 'port') ?? 'any')}${at(port, 'endPort') === undefined ? '' : `–${String(at(port, 'endPort'))}`}${at(port, 'protocol') === 'UDP' ? '/UDP' : ''}`,
    );
    const all = ports.length === 0 ? ['any port'] : ports;
    return (peers.length === 0 ? ['anybody'] : peers).flatMap((one) =>
      all.map((port) => `${key === 'ingress' ? 'in from' : 'out to'} ${one} at ${port}`),
    );
  });
}

/** A policy of the network's own kind, which is read line by line. */
function otherFacts(resource: DeclaredResource, kind: string): Fact[] {
  const { inputs } = resource;
  const of = `${kind} ${textAt(inputs, 'metadata', 'namespace') ?? '-'}/${textAt(inputs, 'metadata', 'name')}`;
  const all = Object.entries(leavesOf(at(inputs, 'spec'))).map(([path, value]) => `${path} ${JSON.stringify(value)}`);
  const items = { all, more: 'unknown', fewer: 'unknown' } as const;
  return [
    { area: 'access', what: of, value: 'declared', worth: 1, harm: { store: 'all', says: CLOSED } },
    { area: 'access', what: `lines of ${of}`, value: `${all.length} lines`, items, of },
  ];
}

export function networkFacts(resource: DeclaredResource): Fact[] {
  const { inputs } = resource;
  const kind = kindOf(resource);
  if (/^\w+NetworkPolicy$/.test(kind) && isOwn(inputs)) return otherFacts(resource, kind);
  if (kindOf(resource) !== 'NetworkPolicy' || !isOwn(inputs)) return [];
  const spec = at(inputs, 'spec');
  const of = `NetworkPolicy ${textAt(inputs, 'metadata', 'namespace')}/${textAt(inputs, 'metadata', 'name')}`;
  const all = [...ways(spec, 'ingress'), ...ways(spec, 'egress')];
  const kinds = listAt(spec, 'policyTypes').map(String);
  const harm = { store: 'all', says: OPENS } as const;
  return [
    { area: 'access', what: of, value: 'declared', worth: 1, harm: { store: 'all', says: CLOSED } },
    {
      area: 'access',
      what: `ways of ${of}`,
      value: `${all.length} ways`,
      items: { all, more: 'worse', fewer: 'unknown' },
      of,
      harm,
    },
    {
      area: 'access',
      what: `directions of ${of}`,
      value: kinds.join(', '),
      items: { all: kinds, more: 'unknown', fewer: 'worse' },
      of,
      harm,
    },
    { area: 'access', what: `pods of ${of}`, value: selectorText(at(spec, 'podSelector')), unclear: true, of },
  ];
}
