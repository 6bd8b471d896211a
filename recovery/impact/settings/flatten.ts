/** The leaves of a document by their dotted path. Pure. */
import { isUnknown } from '../../../plan/declared/values.ts';

/** A list of plain values is one leaf; a list of objects has its items by `name`, `id` or number. */
export function leavesOf(value: unknown, path = ''): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || isUnknown(value)) return { [path]: value };
  const inner = (key: string) => (path === '' ? key : `${path}.${key}`);
  if (!Array.isArray(value)) {
    const entries = Object.entries(value).map(([key, item]) => leavesOf(item, inner(key)));
    return Object.assign({}, ...entries);
  }
  if (value.every((item) => typeof item !== 'object' || item === null)) return { [path]: value };
  const entries = value.map((item: unknown, n) => leavesOf(item, inner(labelOf(item) ?? String(n))));
  return Object.assign({}, ...entries);
}

function labelOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  for (const key of ['name', 'id', 'sid', 'alert', 'mountPath']) {
    const found: unknown = Reflect.get(item, key);
    if (typeof found === 'string') return found;
  }
  return undefined;
}
