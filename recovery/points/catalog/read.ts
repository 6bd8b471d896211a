/** Reads the documents below a prefix. What the cache holds is not read from the repository again. */
import pMap from 'p-map';
import { byKey } from '../../storage/object-key.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { MarkRecord } from '../marks.ts';
import type { SigningKey } from '../signing.ts';
import { type CatalogPlace, type DocumentKind, type DocumentRecord, examine } from './document.ts';
import { compromisedWithout, marksWithout, toEntries } from './entries.ts';
import type { CatalogEntry } from './types.ts';
import { type UnreadablePoint, unreadableIn } from './unreadable.ts';

/** The objects are small, so latency decides how long it takes. */
const READS_AT_ONCE = 32;

export interface Reading {
  readonly store: ObjectStore;
  readonly place: CatalogPlace;
  readonly keys: readonly SigningKey[];
  readonly asOf: Date | undefined;
  readonly cached: ReadonlyMap<string, DocumentRecord>;
}

/** Sorted by key. An object that disappears between listing and reading counts as removed. */
export async function readDocuments(kind: DocumentKind, prefix: string, reading: Reading): Promise<DocumentRecord[]> {
  const infos = await reading.store.list(prefix, reading.asOf);
  const records: DocumentRecord[] = [];
  const unknown: string[] = [];
  for (const { key, etag } of infos) {
    if (!key.endsWith('.json')) continue;
    const known = reading.cached.get(key);
    if (known?.etag === etag) records.push(known);
    else unknown.push(key);
  }
  if (unknown.length === 0) return records;
  const read = await pMap(unknown, (key) => readOne(kind, key, reading), { concurrency: READS_AT_ONCE });
  return [...records, ...read.filter((record) => record !== undefined)].sort(byKey);
}

export interface ReadEntries {
  readonly entries: CatalogEntry[];
  readonly unreadable: UnreadablePoint[];
  /** Points that are gone, or can't be read, and whose mark `compromised` stands. */
  readonly compromisedGone: readonly string[];
  /** All marks of such points, by the point's id. */
  readonly marksGone: ReadonlyMap<string, readonly MarkRecord[]>;
}

/** Points with their marks, as the repository has them now, and those that this version can't read. */
export async function readEntries(reading: Reading): Promise<ReadEntries> {
  const { layout } = reading.place;
  const [points, marks] = await Promise.all([
    readDocuments('point', layout.catalogPrefix, reading),
    readDocuments('mark', layout.allMarksPrefix, reading),
  ]);
  const documents = { points, marks };
  return {
    entries: toEntries(documents),
    unreadable: unreadableIn({ points }),
    compromisedGone: compromisedWithout(documents),
    marksGone: marksWithout(documents),
  };
}

export async function readOne(kind: DocumentKind, key: string, reading: Reading): Promise<DocumentRecord | undefined> {
  const stored = await reading.store.get(key, reading.asOf);
  return stored && examine(kind, stored, reading.place, reading.keys);
}
