/** Every text of an object through one rule, with the field that it stands in. Pure. */
import { fieldsOf, listOf } from '../../../recovery/public.ts';

/** `field` of a list's items is the list's; of the values of a label expression the label's. */
export type TextRule = (text: string, field: string) => string;

export function rewrite(value: unknown, rule: TextRule, field = ''): unknown {
  if (typeof value === 'string') return rule(value, field);
  if (Array.isArray(value)) return listOf(value).map((item) => rewrite(item, rule, field));
  if (typeof value !== 'object' || value === null) return value;
  const fields = fieldsOf(value);
  // {key: kubernetes.io/metadata.name, operator: In, values: [...]}
  const label = typeof fields.key === 'string' ? fields.key : undefined;
  return Object.fromEntries(
    Object.entries(fields).map(([key, item]) => [
      key,
      rewrite(item, rule, key === 'values' && label !== undefined ? label : key),
    ]),
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** For an alternation: the longer first, or a shorter one would win. */
export function alternatives(names: readonly string[]): string {
  return names
    .toSorted((a, b) => b.length - a.length)
    .map(escaped)
    .join('|');
}
