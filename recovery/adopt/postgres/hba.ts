/** Whether the source's pg_hba.conf lets a replication connection in: its first rule that matches decides. Pure. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { HbaRule } from './facts.ts';

export interface Connection {
  readonly user: string;
  /** Of the client. */
  readonly address: string;
  /** Whether the server offers TLS, which the client then takes. */
  readonly tls: boolean;
}

/** Bits of a netmask: `255.255.0.0` → 16, `ffff::` → 16. */
function bitsOf(mask: string): number {
  if (isIPv4(mask)) {
    return mask
      .split('.')
      .map((part) => Number(part).toString(2).replaceAll('0', '').length)
      .reduce((sum, bits) => sum + bits, 0);
  }
  return [...mask.replaceAll(':', '')]
    .map((digit) => Number.parseInt(digit, 16).toString(2).replaceAll('0', '').length)
    .reduce((sum, bits) => sum + bits, 0);
}

function holds({ address, netmask }: HbaRule, client: string): boolean | 'unknown' {
  if (address === null) return false;
  if (address === 'all') return true;
  // Its own network, or a host name: only the server knows.
  if (netmask === null) return 'unknown';
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if ((isIPv6(client) ? 'ipv6' : 'ipv4') !== family) return false;
  const list = new BlockList();
  list.addSubnet(address, bitsOf(netmask), family);
  return list.check(client, family);
}

const TYPES: Readonly<Record<string, (tls: boolean) => boolean>> = {
  host: () => true,
  hostssl: (tls) => tls,
  hostnossl: (tls) => !tls,
};

export type Verdict =
  | { readonly kind: 'admitted'; readonly rule: HbaRule }
  | { readonly kind: 'rejected'; readonly rule: HbaRule | undefined }
  /** A rule by host name, or for a group of roles, comes first. */
  | { readonly kind: 'unknown'; readonly rule: HbaRule };

/** Methods that a password opens. */
const BY_PASSWORD = ['scram-sha-256', 'md5', 'password', 'trust'];

/** A client that is offered TLS and is refused with it tries again without: both are asked. */
export function replicationVerdict(rules: readonly HbaRule[], connection: Connection): Verdict {
  const [first, second] = (connection.tls ? [true, false] : [false]).map((tls) =>
    verdict(rules, { ...connection, tls }),
  );
  if (first === undefined) return { kind: 'rejected', rule: undefined };
  return first.kind === 'rejected' && second !== undefined ? second : first;
}

function verdict(rules: readonly HbaRule[], { user, address, tls }: Connection): Verdict {
  for (const rule of rules) {
    if (TYPES[rule.type]?.(tls) !== true || !rule.databases.includes('replication')) continue;
    const named = rule.users.some((each) => each === 'all' || each === user);
    const group = rule.users.some((each) => each.startsWith('+') || each.startsWith('/'));
    if (!named && !group) continue;
    const inside = holds(rule, address);
    if (inside === false) continue;
    if (inside === 'unknown' || !named) return { kind: 'unknown', rule };
    return BY_PASSWORD.includes(rule.method) ? { kind: 'admitted', rule } : { kind: 'rejected', rule };
  }
  return { kind: 'rejected', rule: undefined };
}
