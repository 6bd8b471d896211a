/** The longest chain of dependent resources in one run of the engine. Pure. */

export interface Timed {
  readonly urn: string;
  /** Milliseconds of any clock. */
  readonly start: number;
  readonly end: number;
  /** URNs of its dependencies. */
  readonly after: readonly string[];
}

export interface Chain {
  readonly milliseconds: number;
  /** From the first to the last. */
  readonly urns: readonly string[];
}

/** Counts only each resource's own duration: any other waiting is the engine's overhead. */
export function longestChain(resources: readonly Timed[]): Chain {
  const known = new Map(resources.map((resource) => [resource.urn, resource]));
  const found = new Map<string, Chain>();
  const chainOf = (urn: string): Chain => {
    const before = found.get(urn);
    if (before !== undefined) return before;
    const resource = known.get(urn);
    if (resource === undefined) return { milliseconds: 0, urns: [] };
    // Guards against a circle, which an engine never gives.
    found.set(urn, { milliseconds: 0, urns: [] });
    const longest = resource.after
      .map(chainOf)
      .reduce<Chain>((a, b) => (b.milliseconds > a.milliseconds ? b : a), { milliseconds: 0, urns: [] });
    const own = resource.end - resource.start;
    const chain = { milliseconds: longest.milliseconds + own, urns: [...longest.urns, urn] };
    found.set(urn, chain);
    return chain;
  };
  return resources.map(({ urn }) => chainOf(urn)).reduce((a, b) => (b.milliseconds > a.milliseconds ? b : a));
}
