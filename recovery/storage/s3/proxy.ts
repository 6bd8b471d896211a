/**
 * Which proxy leads to an endpoint, by the rules of Go's programs, because restic is one: with other rules restic and this program would
 * go different ways to one bucket. pgBackRest knows no proxy. Pure.
 */
import { BlockList, isIP } from 'node:net';

type Variables = Readonly<Record<string, string | undefined>>;

const isLoopback = (host: string): boolean => host === 'localhost' || /^127\./.test(host) || host === '::1';

/** `10.0.0.0/8` or one address. */
function coversAddress(entry: string, host: string): boolean {
  const [address = '', bits] = entry.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(host) === 0 || isIP(address) !== isIP(host)) return false;
  const list = new BlockList();
  const prefix = Number(bits ?? (family === 'ipv6' ? 128 : 32));
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > (family === 'ipv6' ? 128 : 32)) return false;
  list.addSubnet(address, prefix, family);
  return list.check(host, family);
}

/** `example.com` covers its subdomains too, `.example.com` and `*.example.com` only them. A port must be the endpoint's. */
function covers(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const bare = entry.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare.split('/')[0] ?? '') !== 0) return coversAddress(bare, host);
  const [, named = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  if (isIP(named) !== 0) return coversAddress(named, host);
  const suffix = named.replace(/^\*(?=\.)/, '');
  if (suffix.startsWith('.')) return host.endsWith(suffix);
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
}

/** The value of HTTPS_PROXY; undefined where the endpoint is reached directly. @param endpoint `https://host[:port]` */
export function proxyFor(endpoint: string, env: Variables = process.env): string | undefined {
  const proxy = env.HTTPS_PROXY || env.https_proxy;
  if (!proxy) return undefined;
  const { hostname, port, protocol } = new URL(endpoint);
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (protocol !== 'https:' || isLoopback(host)) return undefined;
  const excepted = (env.NO_PROXY || env.no_proxy || '').split(',').map((entry) => entry.trim().toLowerCase());
  return excepted.some((entry) => covers(entry, host, port || '443')) ? undefined : proxy;
}
