/** How a live object differs from the captured one, in words without a secret; and which fields the point does not have. Pure. */
import { lineFacts } from '../compare/lines.ts';
import { changedFields, type FieldChange } from '../compare/objects/fields.ts';
import { HIDDEN, mayHoldSecret, shown } from '../compare/redact.ts';
import { isRecord } from '../core/json.ts';
import { fieldsOf, groupOf, type KubeObject, listOf } from '../kubernetes/objects.ts';
import { strip } from '../workloads/objects/strip.ts';
import type { Addition } from './types.ts';

const isSecret = (object: KubeObject): boolean => object.kind === 'Secret' && groupOf(object) === '';

function valueText(path: string, value: unknown): string {
  if (value === undefined) return 'nothing';
  if (mayHoldSecret(path)) return HIDDEN;
  if (typeof value === 'string') return shown(value) === '' ? '""' : shown(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'a part of its own' : String(value);
}

function changeLines({ path, before, after }: FieldChange, hidden: boolean): string[] {
  if (hidden) {
    const what = after === undefined ? 'removed' : before === undefined ? 'added' : 'changed';
    return [`${path}: ${what} (values are not shown)`];
  }
  const texts = typeof before === 'string' && typeof after === 'string' && !mayHoldSecret(path);
  if (texts && (before.includes('\n') || after.includes('\n')))
    return [`${path}:`, ...lineFacts(before, after).map((line) => `  ${line}`)];
  return [`${path}: ${valueText(path, before)} → ${valueText(path, after)}`];
}

/** What an apply would change of the live object: `spec.replicas: 0 → 3`. Of a Secret only names of fields. */
export function changesOf(live: KubeObject, then: KubeObject): string[] {
  const hidden = isSecret(then);
  return changedFields(strip(live), strip(then)).flatMap((change) => changeLines(change, hidden));
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** Whether `live` has everything of `wanted`. */
function covers(live: unknown, wanted: unknown): boolean {
  if (isRecord(wanted)) return isRecord(live) && Object.entries(wanted).every(([key, each]) => covers(live[key], each));
  if (Array.isArray(wanted))
    return Array.isArray(live) && wanted.every((each) => listOf(live).some((item) => covers(item, each)));
  return live === wanted;
}

interface Step {
  readonly pointer: string;
  readonly path: string;
  /** As `managedFields` would name it: a key of an object, or an item of a list. */
  readonly keys: readonly (string | { readonly item: unknown })[];
}

/** The parts of `live` that `wanted` lacks. A field with another value is none: an apply sets it. */
function surplus(live: unknown, wanted: unknown, at: Step): Step[] {
  if (isRecord(live) && isRecord(wanted)) {
    return Object.entries(live).flatMap(([key, value]) => {
      const inner = {
        pointer: `${at.pointer}/${escaped(key)}`,
        path: at.path === '' ? key : `${at.path}.${key}`,
        keys: [...at.keys, key],
      };
      return wanted[key] === undefined ? [inner] : surplus(value, wanted[key], inner);
    });
  }
  if (!Array.isArray(live) || !Array.isArray(wanted)) return [];
  const items: readonly unknown[] = live;
  return items.flatMap((item, n) => {
    const name = isRecord(item) && typeof item.name === 'string' ? item.name : undefined;
    const inner = {
      pointer: `${at.pointer}/${n}`,
      path: `${at.path}[${name ?? n}]`,
      keys: [...at.keys, { item }],
    };
    const same = name === undefined ? undefined : listOf(wanted).find((each) => fieldsOf(each).name === name);
    if (same !== undefined) return surplus(item, same, inner);
    return listOf(wanted).some((each) => covers(item, each)) ? [] : [inner];
  });
}

/** `k:{"name":"api"}` names the item of a list by its keys, `v:"x"` by its value. */
function namesItem(key: string, item: unknown): boolean {
  if (key.startsWith('v:')) return key.slice(2) === JSON.stringify(item);
  if (!key.startsWith('k:') || !isRecord(item)) return false;
  const keys: unknown = JSON.parse(key.slice(2));
  return Object.entries(fieldsOf(keys)).every(([name, value]) => item[name] === value);
}

function isOwned(owned: unknown, keys: Step['keys']): boolean {
  const [key, ...rest] = keys;
  if (key === undefined) return owned !== undefined;
  // Nothing below says that the map itself is owned, and not what others put into it. A list that is owned whole is replaced by an apply.
  const fields = fieldsOf(owned);
  if (typeof key === 'string') return isOwned(fields[`f:${key}`], rest);
  return Object.entries(fields).some(([name, inner]) => namesItem(name, key.item) && isOwned(inner, rest));
}

function managersOf({ metadata }: KubeObject, keys: Step['keys']): string[] {
  const entries = listOf(metadata.managedFields).map(fieldsOf);
  const owning = entries.filter(({ fieldsV1 }) => isOwned(fieldsV1, keys));
  return [...new Set(owning.map(({ manager }) => String(manager)))];
}

const ROOT: Step = { pointer: '', path: '', keys: [] };
const MARKS = /(^|\.)metadata\.(labels|annotations)(\.|$)/;

/**
 * Fields of the live object that the captured one does not have and that somebody has set. Without an owner a field is a default of the
 * server.
 */
export function additionsOf(live: KubeObject, wanted: KubeObject): Addition[] {
  // What a capture strips is the server's own.
  const captured = new Set(surplus(strip(live), wanted, ROOT).map(({ path }) => path));
  return surplus(live, wanted, ROOT).flatMap(({ pointer, path, keys }) => {
    const managers = captured.has(path) ? managersOf(live, keys) : [];
    return managers.length === 0 ? [] : [{ path, pointer, managers, isMark: MARKS.test(path) }];
  });
}

/** False where the server holds something else than what was applied. */
export function isAsApplied(live: KubeObject, wanted: KubeObject): boolean {
  return covers(strip(live), wanted);
}
