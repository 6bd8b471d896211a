/** The digest of a plan, independent of the order of its keys. */
import { createHash } from 'node:crypto';

/** JSON with sorted keys and no white space. Absent and undefined fields are the same. Throws TypeError for what JSON can't hold. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`JSON can't hold ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  const prototype = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError(`JSON can't hold a ${typeof value}`);
  const fields = Object.entries(value as Record<string, unknown>)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`);
  return `{${fields.join(',')}}`;
}

/** sha256 of the canonical JSON, in hex. */
export function planDigest(plan: unknown): string {
  return createHash('sha256').update(canonicalJson(plan)).digest('hex');
}
