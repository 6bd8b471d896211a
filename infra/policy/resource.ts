/** One declared resource as a rule reads it. It comes from the engine, from a preview or from a recording of the program. */
import { at, isUnknown } from '../../plan/declared/values.ts';

export { at, isUnknown, listAt, textAt } from '../../plan/declared/values.ts';

export interface Resource {
  /** `aws:s3/bucket:Bucket` */
  readonly type: string;
  /** Pulumi's name. */
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
  /** Dotted paths of the Pulumi secrets in `props`; undefined where they are not known. */
  readonly secrets?: readonly string[] | undefined;
}

/** A value for a message: `"Enabled"`, `90` or `nothing`. */
export function quoted(value: unknown): string {
  return value === undefined || value === null ? 'nothing' : isUnknown(value) ? 'unknown' : JSON.stringify(value);
}

export function ofType(resources: readonly Resource[], ...types: readonly string[]): readonly Resource[] {
  return resources.filter(({ type }) => types.includes(type));
}

/** True where the value at the path is the wanted one, or unknown. */
export function has(value: unknown, path: readonly (string | number)[], wanted: unknown): boolean {
  const found = at(value, ...path);
  return found === wanted || isUnknown(found);
}
