/** The machine-readable side of every command. */

export const API_VERSION = 'go-coffee-dr/v1';

export interface Envelope {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: string;
}

/** Objects are spread into the envelope; a list or a scalar stands under `items` or `value`. */
export function envelope(kind: string, data: unknown): Envelope & Record<string, unknown> {
  if (Array.isArray(data)) return { apiVersion: API_VERSION, kind, items: data };
  if (typeof data === 'object' && data !== null) {
    // First, to be read first; and again, so that the data can't replace them.
    const head = { apiVersion: API_VERSION, kind } as const;
    return Object.assign({}, head, data, head);
  }
  return { apiVersion: API_VERSION, kind, value: data };
}

export function toJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
