/** Unwraps resources that the engine passes to a policy. Its proxies throw on unknown values and hide which values are secret. */
import { Secret } from '@pulumi/policy';
import type { Resource } from './resource.ts';

/** Keys by which @pulumi/policy's proxies reveal their target. They are internal (proxy.ts), and the pack's test fails without them. */
const IS_PROXY = '__isSpecialProxy';
const TARGET = '__getSpecialProxyTarget';

interface EngineResource {
  readonly type: string;
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
}

function behindProxies(value: unknown): unknown {
  let target = value;
  while (typeof target === 'object' && target !== null && (target as Record<string, unknown>)[IS_PROXY] === true) {
    target = (target as Record<string, unknown>)[TARGET];
  }
  return target;
}

function plain(value: unknown, path: string, secrets: string[]): unknown {
  const target = behindProxies(value);
  if (target instanceof Secret) {
    secrets.push(path);
    return plain(target.value, path, []);
  }
  if (Array.isArray(target)) return target.map((item, n) => plain(item, `${path}.${n}`, secrets));
  if (typeof target !== 'object' || target === null) return target;
  const inner = (key: string) => (path === '' ? key : `${path}.${key}`);
  return Object.fromEntries(Object.entries(target).map(([key, item]) => [key, plain(item, inner(key), secrets)]));
}

/** Only in a remediation the engine tells which values are secret: in a `validation` nothing is known of them. */
export function fromEngine({ type, name, props }: EngineResource, stage: 'remediation' | 'validation'): Resource {
  const secrets: string[] = [];
  const inputs = plain(props, '', secrets) as Record<string, unknown>;
  return { type, name, props: inputs, secrets: stage === 'remediation' ? secrets : undefined };
}
