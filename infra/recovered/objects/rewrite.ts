/** Applies a rule to every text of an object. Pure. */
import { fieldsOf, listOf } from '../../../recovery/public.ts';

/** `field` is the name of the text's field; for items of a list that of the list, for values of a label expression the label. */
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

/** A regular expression's alternation, longest name first so that a shorter one does not match before it. */
export function alternatives(names: readonly string[]): string {
  return names
    .toSorted((a, b) => b.length - a.length)
    .map(escaped)
    .join('|');
}
