/** Compares two declarations: what changes for recovery, for the better or the worse. Pure. */
import type { BeforeAndAfter, Declared } from './declared.ts';
import { AREAS, type Area, type Fact } from './fact.ts';
import { bucketFacts } from './facts/buckets.ts';
import { cronsOf, jobFacts } from './facts/jobs.ts';
import { planFacts } from './facts/plan.ts';
import { sizeFacts } from './facts/sizes.ts';

export type Verdict = 'worse' | 'better' | 'changed' | 'new' | 'same';

export interface Change {
  readonly area: Area;
  readonly what: string;
  /** Undefined: it is new. */
  readonly before?: string | undefined;
  /** Undefined: it is gone. */
  readonly after?: string | undefined;
  readonly verdict: Verdict;
}

function factsOf({ resources }: Declared): ReadonlyMap<string, Fact> {
  const facts = [
    ...planFacts(resources, cronsOf(resources)),
    ...resources.flatMap((resource) => [...bucketFacts(resource), ...jobFacts(resource), ...sizeFacts(resource)]),
  ];
  return new Map(facts.map((fact) => [fact.what, fact]));
}

function verdict(before: Fact | undefined, after: Fact | undefined): Verdict {
  if (before === undefined) return 'new';
  if (after === undefined) return before.worth === undefined ? 'changed' : 'worse';
  if (before.value === after.value) return 'same';
  if (before.worth === undefined || after.worth === undefined || before.worth === after.worth) return 'changed';
  return after.worth < before.worth ? 'worse' : 'better';
}

/** In the order of the areas. */
export function compare({ before, after }: BeforeAndAfter): Change[] {
  const old = factsOf(before);
  const next = factsOf(after);
  const changes = [...new Map([...old, ...next]).values()].map(({ what, area }): Change => {
    const [was, is] = [old.get(what), next.get(what)];
    return { area, what, before: was?.value, after: is?.value, verdict: verdict(was, is) };
  });
  return AREAS.flatMap((area) => changes.filter((change) => change.area === area));
}
