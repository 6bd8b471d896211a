/** Documents that were in a catalog and are not any more, as the cache and the marks tell it. Pure. */
import { markDocumentSchema, parseMarkKey } from '../marks.ts';
import type { CacheContent } from './cache.ts';
import { type CatalogDocuments, stillGone } from './chain.ts';
import type { DocumentRecord } from './document.ts';
import { namedMarks } from './mark-chain.ts';
import type { GoneDocument, MarkLink } from './memory.ts';

/** Points and marks that the cache knew with a good signature, that are gone, and that no checkpoint covers. */
export function goneSince(
  known: CacheContent,
  { points, marks, checkpoints }: Pick<CatalogDocuments, 'points' | 'marks' | 'checkpoints'>,
): GoneDocument[] {
  const remembered = [...known.records.values()].flatMap((record): GoneDocument[] => {
    const { key, digest, state } = record;
    if (state !== 'ok' || key.includes('/checkpoints/')) return [];
    return [{ key, digest }];
  });
  const present = new Set([...points, ...marks].filter(({ state }) => state === 'ok').map(({ key }) => key));
  const missing = [...known.gone, ...remembered]
    .filter(({ key }) => !present.has(key))
    .map((gone) => dated(gone, known));
  return stillGone(onePerKey(missing), [], checkpoints);
}

/** With the moment at which a mark was set. */
function dated(gone: GoneDocument, { records }: CacheContent): GoneDocument {
  const record = gone.at === undefined && parseMarkKey(gone.key) ? records.get(gone.key) : undefined;
  return record?.text ? { ...gone, at: markDocumentSchema.parse(JSON.parse(record.text)).at } : gone;
}

/** Marks that a present mark names, and that are not present. */
export function unnamed(marks: readonly DocumentRecord[]): MarkLink[] {
  const present = new Set(marks.filter(({ state }) => state === 'ok').map(({ digest }) => digest));
  return namedMarks(marks).filter(({ digest }) => !present.has(digest));
}

/** The first of those that name the same document. */
export function onePerKey(gone: readonly GoneDocument[]): GoneDocument[] {
  const byKey = new Map<string, GoneDocument>();
  for (const each of gone) if (!byKey.has(each.key)) byKey.set(each.key, each);
  return [...byKey.values()];
}
