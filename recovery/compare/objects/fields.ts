/** Which fields of two objects differ. Pure. Values are not told: anything may be a secret. */
import { isRecord } from '../../core/json.ts';

const nameOf = (value: unknown): string | undefined =>
  isRecord(value) && typeof value.name === 'string' ? value.name : undefined;

/** Lists of named things are compared by name, others by place. */
function entriesOf(value: unknown): Map<string, unknown> | undefined {
  if (isRecord(value)) return new Map(Object.entries(value).map(([key, each]) => [`.${key}`, each]));
  if (!Array.isArray(value)) return undefined;
  const items: readonly unknown[] = value;
  const names = items.map(nameOf);
  const isNamed = new Set(names).size === items.length && !names.includes(undefined);
  return new Map(items.map((each, n) => [`[${isNamed ? names[n] : n}]`, each]));
}

export interface FieldChange {
  /** `spec.template.spec.containers[api].image` */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

export function changedFields(before: unknown, after: unknown, path = ''): FieldChange[] {
  const [old, now] = [entriesOf(before), entriesOf(after)];
  if (old === undefined || now === undefined || Array.isArray(before) !== Array.isArray(after))
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path: path.replace(/^\./, ''), before, after }];
  const keys = [...new Set([...old.keys(), ...now.keys()])];
  return keys.flatMap((key) => changedFields(old.get(key), now.get(key), `${path}${key}`));
}
