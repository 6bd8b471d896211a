/** Names of a drill's stack and namespaces, which nothing else uses. Pure. */
import { DEFAULT_NAMESPACES, type NamespacesKey, readNamespaces } from '../../plan/declared/namespaces.ts';

const PREFIX = 'drill-';

/** `drill-<date>`, then `-2`, `-3`: the name must not change until `--confirm` repeats it. */
export function drillName(now: Date, taken: readonly string[]): string {
  const day = `${PREFIX}${now.toISOString().slice(0, 10).replaceAll('-', '')}`;
  let name = day;
  for (let n = 2; taken.includes(name); n += 1) name = `${day}-${n}`;
  return name;
}

/** Stacks of killed, kept or running drills; this one can't tell which. */
export function otherDrills(stacks: readonly string[]): string[] {
  return stacks.filter((name) => name.startsWith(PREFIX)).toSorted();
}

/** The drill's config keys that hold names of namespaces. */
export interface DrillNamespaces {
  readonly namespaces: NamespacesKey;
  /** Namespace of the platform → the drill's: where it has several, which no stack made. */
  readonly map: Readonly<Record<string, string>>;
}

/** Length of a DNS label. */
const LONGEST = 63;

const asName = (stack: string): string =>
  stack
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** @param like config of the stack that is drilled */
export function drillNamespaces(stack: string, like: Readonly<Record<string, unknown>>): DrillNamespaces {
  const { platform, existing } = readNamespaces(like.namespaces);
  // The stack's name makes it unique; the platform's name is shortened to fit.
  const own = asName(stack).slice(0, LONGEST - DEFAULT_NAMESPACES.platform.length - '--dr-stores'.length);
  const named = (name: string): string =>
    `${name.slice(0, LONGEST - own.length - '--dr-stores'.length).replace(/-+$/, '')}-${own}`;
  if (existing.length === 0) {
    const name = named(platform);
    return { namespaces: { platform: name, recovery: `${name}-dr` }, map: {} };
  }
  const map = Object.fromEntries(existing.map((name) => [name, named(name)]));
  const [first = ''] = Object.values(map);
  // Each named: what is absent here would be taken from the platform's own config.
  const platformKey = { existing: Object.values(map) };
  return { namespaces: { platform: platformKey, stores: `${first}-stores`, recovery: `${first}-dr` }, map };
}

/** Config keys that separate the drill from the platform. Keys set by the operator win. */
export function drillConfig(
  stack: string,
  like: Readonly<Record<string, unknown>>,
  set: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { namespaces, map } = drillNamespaces(stack, like);
  return {
    site: asName(stack),
    namespaces,
    ...(Object.keys(map).length === 0 ? {} : { recovery: { map: { namespace: map } } }),
    ...set,
  };
}
