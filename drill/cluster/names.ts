/** What a drill's stack is called, and where it lives: never where anything else does. Pure. */

const PREFIX = 'drill-';

/** One a day, and the further ones are counted: a name that is asked for by `--confirm` must be the same a minute later. */
export function drillName(now: Date, taken: readonly string[]): string {
  const day = `${PREFIX}${now.toISOString().slice(0, 10).replaceAll('-', '')}`;
  let name = day;
  for (let n = 2; taken.includes(name); n += 1) name = `${day}-${n}`;
  return name;
}

/** Of killed drills, or of such that run at this moment: which, is not for another one to decide. */
export function otherDrills(stacks: readonly string[]): string[] {
  return stacks.filter((name) => name.startsWith(PREFIX)).toSorted();
}

export interface DrillNamespaces {
  readonly platform: string;
  readonly recovery: string;
}

/** A label of DNS. */
const LONGEST = 63;
const PLATFORM = 'go-coffee';

const asName = (stack: string): string =>
  stack
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** @param like config of the stack that the drill stands for */
export function drillNamespaces(stack: string, like: Readonly<Record<string, unknown>>): DrillNamespaces {
  const { platform = PLATFORM } = (like.namespaces ?? {}) as { platform?: string };
  // The stack's name tells it from others: of the platform's as much as there is room for.
  const own = asName(stack).slice(0, LONGEST - PLATFORM.length - '--dr'.length);
  const name = `${platform.slice(0, LONGEST - own.length - '--dr'.length).replace(/-+$/, '')}-${own}`;
  return { platform: name, recovery: `${name}-dr` };
}

/** Keys of the stack's config that make it a place of its own. What a person sets wins. */
export function drillConfig(
  stack: string,
  like: Readonly<Record<string, unknown>>,
  set: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return { site: asName(stack), namespaces: drillNamespaces(stack, like), ...set };
}
