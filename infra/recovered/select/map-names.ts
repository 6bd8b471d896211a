/** Rules that map names of registries, storage classes, namespaces and hosts, wherever an object contains them. Pure. */
import { HUB, withRegistry } from '../../../recovery/public.ts';
import type { Names } from '../../config/types.ts';
import { alternatives, type TextRule } from '../objects/rewrite.ts';

/** Called for each name that was mapped: a name that never occurs may be mistyped. */
export type Met = (name: string) => void;

const NAMESPACE_LABEL = 'kubernetes.io/metadata.name';
const NAMESPACE_FIELDS = ['namespace', 'namespaces', 'matchNames', 'targetNamespace', NAMESPACE_LABEL];
const CLASS_FIELDS = ['storageClassName', 'volume.beta.kubernetes.io/storage-class'];
const ACCOUNTS = /^(system:serviceaccounts?):([a-z0-9-]+)(?=$|:)/;
/** `go-coffee/api-certificate`: an annotation that refers to an object of a namespace. */
const IN_NAMESPACE = /^([a-z0-9-]+)(?=\/[a-z0-9.-]+$)/;

const own = (names: Names, name: string): string | undefined => (Object.hasOwn(names, name) ? names[name] : undefined);

export function namespaceRule(names: Names, met: Met): TextRule {
  const named = (old: string): string => {
    const found = own(names, old);
    if (found === undefined) return old;
    met(old);
    return found;
  };
  return (text, field) => {
    if (NAMESPACE_FIELDS.includes(field)) return named(text);
    if (field === 'name') return text.replace(ACCOUNTS, (_, prefix: string, old: string) => `${prefix}:${named(old)}`);
    return field.includes('/') ? text.replace(IN_NAMESPACE, (old) => named(old)) : text;
  };
}

export function storageClassRule(names: Names, met: Met): TextRule {
  return (text, field) => {
    const found = CLASS_FIELDS.includes(field) ? own(names, text) : undefined;
    if (found === undefined) return text;
    met(text);
    return found;
  };
}

/** A registry, or a registry with the beginning of a path. */
export function imageRule(names: Names, met: Met): TextRule {
  const prefixes = Object.keys(names).toSorted((a, b) => b.length - a.length);
  return (text, field) => {
    if (field !== 'image' || text === '') return text;
    const image = prefixes.some((prefix) => prefix.startsWith(HUB)) ? withRegistry(text) : text;
    const prefix = prefixes.find((each) => image.startsWith(`${each.replace(/\/$/, '')}/`));
    if (prefix === undefined) return text;
    met(prefix);
    return `${(names[prefix] ?? '').replace(/\/$/, '')}${image.slice(prefix.replace(/\/$/, '').length)}`;
  };
}

const never: TextRule = (text) => text;

/**
 * Names in the cluster's own DNS: `<service>.<namespace>.svc…` of any service, and the short `<service>.<namespace>` of those that are
 * known.
 * @param services `namespace/name`
 */
export function dnsRule(names: Names, services: ReadonlySet<string>, met: Met): TextRule {
  const olds = Object.keys(names);
  if (olds.length === 0) return never;
  const pattern = new RegExp(
    String.raw`(?<![\w.-])((?:[a-z0-9_-]+\.)+)(${alternatives(olds)})(\.svc(?![\w-])|(?![\w-]|\.\w))`,
    'g',
  );
  return (text) =>
    text.replace(pattern, (whole, before: string, old: string, svc: string) => {
      const service = before.split('.').at(-2) ?? '';
      if (svc === '' && !services.has(`${old}/${service}`)) return whole;
      met(old);
      return `${before}${names[old]}${svc}`;
    });
}

/** A host and every host below it; not the domain of an e-mail address. */
export function hostRule(names: Names, met: Met): TextRule {
  const olds = Object.keys(names);
  if (olds.length === 0) return never;
  const pattern = new RegExp(String.raw`(?<![\w@.-])((?:[\w*-]+\.)*?)(${alternatives(olds)})(?![\w-]|\.\w)`, 'g');
  return (text) =>
    text.replace(pattern, (_, before: string, old: string) => {
      met(old);
      return `${before}${names[old]}`;
    });
}
