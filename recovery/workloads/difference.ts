/** How two states of the same data differ, item by item. */

export interface Difference {
  /** A table, a key or a path. */
  readonly item: string;
  readonly kind: 'missing' | 'added' | 'changed';
  /** What was and what is: `200 rows, 180 rows`. */
  readonly detail: string;
}

/** `expected` and `actual` by item; equal strings are the same content. `show` makes the detail of what differs. */
export function compareItems(
  expected: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
  show: (item: string) => string = () => '',
): Difference[] {
  const missing = [...expected.keys()].filter((item) => !actual.has(item));
  const added = [...actual.keys()].filter((item) => !expected.has(item));
  const changed = [...expected].filter(([item, value]) => actual.has(item) && actual.get(item) !== value);
  return [
    ...missing.map((item) => ({ item, kind: 'missing' as const, detail: show(item) })),
    ...added.map((item) => ({ item, kind: 'added' as const, detail: show(item) })),
    ...changed.map(([item]) => ({ item, kind: 'changed' as const, detail: show(item) })),
  ];
}
