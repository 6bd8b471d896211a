/** Pure: replaces old values in every text of an object. */
import { fieldsOf, type KubeObject } from '../../../recovery/public.ts';
import { isSecret } from './find.ts';
import { type Reader, type Segment, usesOf, wholeData } from './text.ts';

/** Makes the new text from segments. The result may be an Output, so this file only passes it on. */
export type Put = (segments: readonly Segment[]) => unknown;

export interface RewriteArgs {
  readonly reader: Reader;
  /** Text of a Secret that is replaced as a whole → number of the old value. */
  readonly numberOf: (text: string) => number | undefined;
  readonly put: Put;
}

export interface Rewritten {
  readonly object: KubeObject;
  /** Numbers of the old values that the object contained. */
  readonly uses: readonly number[];
}

/** Kind, name and labels identify an object, so they stay unchanged. In the metadata only annotations may contain secrets. */
const LEFT = ['apiVersion', 'kind'];
const METADATA = ['annotations'];

export function rewrite(object: KubeObject, { reader, numberOf, put }: RewriteArgs): Rewritten {
  const uses = new Set<number>();
  const replaced = (segments: readonly Segment[]): unknown => {
    for (const use of usesOf(segments)) uses.add(use);
    return put(segments);
  };

  const visit = (value: unknown, name: string): unknown => {
    if (typeof value === 'string') {
      const segments = reader.read(value, name);
      return segments === undefined ? value : replaced(segments);
    }
    if (Array.isArray(value)) return mapped(value, (item) => visit(item, name));
    if (typeof value !== 'object' || value === null) return value;
    const fields = fieldsOf(value);
    const own = typeof fields.name === 'string' ? fields.name : undefined;
    return mappedFields(fields, (item, key) => visit(item, key === 'value' && own !== undefined ? own : key));
  };

  const data = (value: unknown, key: string): unknown => {
    const number = numberOf(Buffer.from(String(value), 'base64').toString('utf8'));
    return number === undefined ? visit(value, key) : replaced(wholeData(number));
  };

  const changed = mappedFields(object, (value, key) => {
    if (LEFT.includes(key)) return value;
    if (key === 'metadata') {
      return mappedFields(fieldsOf(value), (item, field) => (METADATA.includes(field) ? visit(item, field) : item));
    }
    if (key === 'data' && isSecret(object)) return mappedFields(fieldsOf(value), data);
    return visit(value, key);
  });
  return { object: changed as KubeObject, uses: [...uses] };
}

/** Returns the same list where no item changed, because most objects stay unchanged. */
function mapped(items: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const next = items.map(change);
  return next.every((item, n) => item === items[n]) ? items : next;
}

type Fields = Readonly<Record<string, unknown>>;

function mappedFields(fields: Fields, change: (value: unknown, key: string) => unknown): Fields {
  const next = Object.entries(fields).map(([key, value]) => [key, change(value, key)] as const);
  return next.every(([key, value]) => value === fields[key]) ? fields : Object.fromEntries(next);
}
