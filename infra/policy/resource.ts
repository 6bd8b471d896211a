/** One declared resource, as a rule sees it: from the engine, from a preview or from a recording of the program. */

export interface Resource {
  /** `aws:s3/bucket:Bucket` */
  readonly type: string;
  /** Pulumi's name. */
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
  /** Dotted paths of the Pulumi secrets in `props`; undefined where it can't be seen which ones are. */
  readonly secrets?: readonly string[] | undefined;
}

/** What stands in a preview for a value that only the update will know. `pulumi preview --json` has the same. */
const UNKNOWN = [
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
];

/** Such a value is judged by the update, before the resource is made; a preview must not call it wrong. */
export function isUnknown(value: unknown): boolean {
  return typeof value === 'string' && UNKNOWN.includes(value);
}

/** The value at the path; undefined where there is none, the unknown itself where it is inside of one. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      isUnknown(inner)
        ? inner
        : typeof inner === 'object' && inner !== null
          ? (inner as Record<string | number, unknown>)[key]
          : undefined,
    value,
  );
}

/** The items at the path; an unknown list and none at all have none. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** `"Enabled"`, `90`, or `nothing`: what a message quotes. */
export function quoted(value: unknown): string {
  return value === undefined || value === null ? 'nothing' : isUnknown(value) ? 'unknown' : JSON.stringify(value);
}

export function ofType(resources: readonly Resource[], ...types: readonly string[]): readonly Resource[] {
  return resources.filter(({ type }) => types.includes(type));
}

/** Whether an object has this value at the path, or may have it. */
export function has(value: unknown, path: readonly (string | number)[], wanted: unknown): boolean {
  const found = at(value, ...path);
  return found === wanted || isUnknown(found);
}
