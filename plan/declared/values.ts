/** Values of a declared resource, as a preview, a state or a policy sees them: any shape, and some known only after the update. */

type Path = readonly (string | number)[];

/** What stands in for a value that only the update will know, a constant for each type (Pulumi's pkg/resource/plugin/rpc.go). */
const UNKNOWN = [
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
];

export function isUnknown(value: unknown): boolean {
  return typeof value === 'string' && UNKNOWN.includes(value);
}

/** The value at the path; undefined where there is none, the unknown itself where the path leads through one. */
export function at(value: unknown, ...path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      isUnknown(inner) ? inner : typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  );
}

/** The items at the path. Empty for an unknown list and for no list. */
export function listAt(value: unknown, ...path: Path): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function textAt(value: unknown, ...path: Path): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}
