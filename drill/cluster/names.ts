/** Names of a drill's stack and namespaces, which nothing else uses. Pure. */
import { valueAt } from '../../recovery/core/json.ts';

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

export interface DrillNamespaces {
  readonly platform: string;
  readonly recovery: string;
}

/** Length of a DNS label. */
const LONGEST = 63;
const PLATFORM = 'go-coffee';

const asName = (stack: string): string =>
  stack
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** @param like config of the stack that is drilled */
export function drillNamespaces(stack: string, like: Readonly<Record<string, unknown>>): DrillNamespaces {
  const given = valueAt(like, 'namespaces', 'platform');
  const platform = typeof given === 'string' ? given : PLATFORM;
  // The stack's name makes it unique; the platform's name is shortened to fit.
  const own = asName(stack).slice(0, LONGEST - PLATFORM.length - '--dr'.length);
  const name = `${platform.slice(0, LONGEST - own.length - '--dr'.length).replace(/-+$/, '')}-${own}`;
  return { platform: name, recovery: `${name}-dr` };
}

/** Config keys that separate the drill from the platform. Keys set by the operator win. */
export function drillConfig(
  stack: string,
  like: Readonly<Record<string, unknown>>,
  set: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return { site: asName(stack), namespaces: drillNamespaces(stack, like), ...set };
}
