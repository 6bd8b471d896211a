/** Compares two declarations: what changes for recovery, for the better or the worse. Pure. */
import { type BeforeAndAfter, type Declared, nameOf } from './declared.ts';
import { AREAS, type Area, anchorOf, type Direction, type Fact, type Harm, type Items, NEVER_SHOWN } from './fact.ts';
import { alarmFacts } from './facts/alarms.ts';
import { bucketFacts } from './facts/buckets.ts';
import { clusterFacts } from './facts/cluster.ts';
import { fileFacts } from './facts/files.ts';
import { heldFacts } from './facts/held.ts';
import { cronsOf, jobFacts } from './facts/jobs.ts';
import { networkFacts } from './facts/network.ts';
import { planFacts } from './facts/plan.ts';
import { podFacts } from './facts/pods.ts';
import { policyFacts } from './facts/policies.ts';
import { protectiveFacts } from './facts/protective.ts';
import { sizeFacts } from './facts/sizes.ts';
import { standbyFacts } from './facts/standby.ts';

/** `unknown`: it changes, and nobody knows what that means for recovery. */
export type Verdict = 'worse' | 'unknown' | 'better' | 'changed' | 'new' | 'same';

export interface Change {
  readonly area: Area;
  readonly what: string;
  /** Undefined: it is new. */
  readonly before?: string | undefined;
  /** Undefined: it is gone. */
  readonly after?: string | undefined;
  readonly verdict: Verdict;
  readonly harm?: Harm | undefined;
}

const READERS = [
  heldFacts,
  fileFacts,
  podFacts,
  bucketFacts,
  protectiveFacts,
  policyFacts,
  alarmFacts,
  jobFacts,
  clusterFacts,
  networkFacts,
  sizeFacts,
] as const;

/** By what was read: a side may be compared with several others. */
const KNOWN = new WeakMap<Declared, ReadonlyMap<string, Fact>>();

/** Where several resources state the same fact, all but the first say whose it is. */
function factsOf(declared: Declared): ReadonlyMap<string, Fact> {
  const known = KNOWN.get(declared);
  if (known !== undefined) return known;
  const { resources } = declared;
  const facts = new Map<string, Fact>();
  const ofAll = [...planFacts(resources, cronsOf(resources)), ...standbyFacts(declared)];
  for (const fact of ofAll) facts.set(fact.what, fact);
  for (const resource of [...resources].sort((a, b) => (a.urn < b.urn ? -1 : 1))) {
    facts.set(anchorOf(resource), { area: 'data', what: anchorOf(resource), value: 'declared', of: NEVER_SHOWN });
    for (const fact of READERS.flatMap((read) => read(resource))) {
      const what = facts.has(fact.what) ? `${fact.what} (${nameOf(resource)})` : fact.what;
      // No copy of the others: it would read their worth, and some count years of runs.
      facts.set(what, what === fact.what ? fact : { ...fact, what });
    }
  }
  KNOWN.set(declared, facts);
  return facts;
}

const SHOWN = 4;

function listed(items: readonly string[]): string | undefined {
  if (items.length === 0) return undefined;
  const rest = items.length - SHOWN;
  return `${items.slice(0, SHOWN).join('; ')}${rest > 0 ? `; ${rest} more` : ''}`;
}

const GRAVITY: readonly Direction[] = ['worse', 'unknown', 'changed', 'better'];

/** Undefined where both sides hold the same. */
function itemsChange(before: Items, after: Items): Pick<Change, 'before' | 'after' | 'verdict'> | undefined {
  const removed = before.all.filter((item) => !after.all.includes(item));
  const added = after.all.filter((item) => !before.all.includes(item));
  if (removed.length === 0 && added.length === 0) return undefined;
  const covers = after.covers ?? (() => false);
  const widens = added.some((item) => !removed.some((wide) => covers(wide, item)));
  const narrows = removed.some((item) => !added.some((wide) => covers(wide, item)));
  const meant = [...(widens ? [after.more] : []), ...(narrows ? [before.fewer] : [])];
  const verdict = GRAVITY.find((direction) => meant.includes(direction)) ?? 'changed';
  return { before: listed(removed), after: listed(added), verdict };
}

function verdict(before: Fact | undefined, after: Fact | undefined): Verdict {
  if (before === undefined) return after?.unclear === true && after.of !== undefined ? 'unknown' : 'new';
  if (after === undefined) {
    if (before.worth !== undefined) return 'worse';
    return before.unclear === true ? 'unknown' : 'changed';
  }
  if (before.value === after.value) return 'same';
  const other = after.unclear === true ? 'unknown' : 'changed';
  if (before.worth === undefined || after.worth === undefined || before.worth === after.worth) return other;
  return after.worth < before.worth ? 'worse' : 'better';
}

function change(was: Fact | undefined, is: Fact | undefined, what: string): Change {
  const { area, harm } = (is ?? was) as Fact;
  const base = { area, what, ...(harm === undefined ? {} : { harm }) };
  if (was?.items !== undefined && is?.items !== undefined) {
    const items = itemsChange(was.items, is.items);
    return items === undefined
      ? { ...base, before: was.value, after: is.value, verdict: 'same' }
      : { ...base, ...items };
  }
  return { ...base, before: was?.value, after: is?.value, verdict: verdict(was, is) };
}

/** In the order of the areas. */
export function compare({ before, after }: BeforeAndAfter): Change[] {
  const old = factsOf(before);
  const next = factsOf(after);
  const changes = [...new Map([...old, ...next]).values()].flatMap(({ what, of }): Change[] => {
    if (of !== undefined && (!old.has(of) || !next.has(of))) return [];
    return [change(old.get(what), next.get(what), what)];
  });
  return AREAS.flatMap((area) => changes.filter((one) => one.area === area));
}
