/** One fault of a plan, with the field that it is in. */
import type { Plan } from '../types.ts';

export type Path = readonly (string | number)[];

export interface Finding {
  /** An error makes `dr plan check` fail; a warning does not. */
  readonly severity: 'error' | 'warning';
  /** Stable, upper case, words joined by `-`. */
  readonly code: string;
  /** The field, with ids instead of indexes: `schedules.hourly.cron`. */
  readonly where: string;
  readonly fact: string;
  readonly hint: string;
  /** For the line in a file. */
  readonly path: Path;
}

/** `['schedules', 1, 'cron']` → `schedules.hourly.cron`: items with an id are named by it. */
export function fieldName(root: unknown, path: Path): string {
  let node: unknown = root;
  const names = path.map((key) => {
    node = typeof node === 'object' && node !== null ? (node as Record<string | number, unknown>)[key] : undefined;
    if (typeof key !== 'number') return key;
    const id = typeof node === 'object' && node !== null ? (node as { id?: unknown }).id : undefined;
    return typeof id === 'string' && /^[A-Za-z0-9-]{1,63}$/.test(id) ? id : `[${key}]`;
  });
  return names.join('.') || 'plan';
}

type Facts = Omit<Finding, 'severity' | 'where'>;

export function fault(plan: Plan, facts: Facts): Finding {
  return { severity: 'error', where: fieldName(plan, facts.path), ...facts };
}

export function warning(plan: Plan, facts: Facts): Finding {
  return { severity: 'warning', where: fieldName(plan, facts.path), ...facts };
}

/** `"a", "b"` */
export function quoteAll(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
