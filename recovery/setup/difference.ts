/** What a file that was written before says otherwise than what runs now. Pure. */
import { isRecord, type Json, valueAt } from '../core/json.ts';

export interface Difference {
  /** `postgres.port`, `redis`, `folders.uploads`: the word for `--take`. */
  readonly path: string;
  /** As the file has it; undefined where it says nothing. */
  readonly file: unknown;
  /** As it runs now; undefined where nothing runs. */
  readonly now: unknown;
}

/** Sections of entries that come and go by themselves. */
const NAMED = ['folders', 'services', 'volumes'];

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Fields of a section that what runs now has. Others (hooks, passwords, limits) are a person's, and nothing can be said about them. */
function below(path: string, file: unknown, now: unknown): Difference[] {
  if (file === undefined) return [{ path, file, now }];
  if (isRecord(now) && isRecord(file)) {
    return Object.keys(now).flatMap((key) => below(`${path}.${key}`, file[key], now[key]));
  }
  return same(file, now) ? [] : [{ path, file, now }];
}

export interface Compared {
  /** The file's content, with the defaults of its schema. */
  readonly file: Json;
  /** What would be proposed now. */
  readonly now: Json;
  /** Sections that tell what runs; the others are decisions. */
  readonly sections: readonly string[];
  /** Paths about which the look has learned nothing: their absence says nothing. */
  readonly unknown: readonly string[];
  /** Paths in the file that exist as they are, whatever else was found: a person chose them. */
  readonly kept: readonly string[];
}

/** In the order of the sections. */
export function differences({ file, now, sections, unknown, kept }: Compared): Difference[] {
  const isUnknown = (path: string): boolean => unknown.some((each) => `${path}.`.startsWith(`${each}.`));
  return sections
    .flatMap((name): Difference[] => {
      const found = now[name];
      const missing = Object.keys(isRecord(file[name]) ? file[name] : {}).filter(
        (key) => valueAt(found, key) === undefined,
      );
      if (found === undefined) return file[name] === undefined ? [] : gone(name, file[name]);
      const isNamed = NAMED.includes(name);
      const lost = isNamed
        ? missing.map((key) => ({ path: `${name}.${key}`, file: valueAt(file, name, key), now: undefined }))
        : [];
      return [...below(name, file[name], found), ...lost];
    })
    .filter(({ path }) => !isUnknown(path) && !kept.some((each) => `${path}.`.startsWith(`${each}.`)));
}

/** Each entry of a list of names by itself. */
function gone(name: string, file: unknown): Difference[] {
  if (!NAMED.includes(name)) return [{ path: name, file, now: undefined }];
  return Object.entries(isRecord(file) ? file : {}).map(([key, of]) => ({
    path: `${name}.${key}`,
    file: of,
    now: undefined,
  }));
}

/** Those that a person wants in the file: by their whole path, by its beginning, or `all`. */
export function taken(found: readonly Difference[], keys: readonly string[]): Difference[] {
  return found.filter(({ path }) => keys.some((key) => key === 'all' || `${path}.`.startsWith(`${key}.`)));
}
