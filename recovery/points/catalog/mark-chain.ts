/**
 * Marks name the marks before them, so that a removed one is missed. Several hosts may mark at once, so a mark names every mark that none
 * names yet. Pure.
 */
import { z } from 'zod';
import type { DocumentRecord } from './document.ts';

export const linkSchema = z.strictObject({
  key: z.string(),
  digest: z.string(),
  /** When it was set: ISO 8601. */
  at: z.iso.datetime(),
});
/** A mark, as others name it. Its point and what it says stand in its key. */
export type MarkLink = z.infer<typeof linkSchema>;

const chained = z.looseObject({ at: z.iso.datetime(), previous: z.array(linkSchema).default([]) });

type Chained = Pick<DocumentRecord, 'key' | 'digest' | 'state' | 'text'>;

const bodyOf = ({ text }: Chained) => chained.parse(JSON.parse(text));

/** What the present marks name, whether it is still present or not. */
export function namedMarks(marks: readonly Chained[]): MarkLink[] {
  return marks.filter(({ state }) => state === 'ok').flatMap((mark) => bodyOf(mark).previous);
}

/** The good marks that no other one names: the next mark names these. */
export function tipsOf(marks: readonly Chained[]): MarkLink[] {
  const named = new Set(namedMarks(marks).map(({ digest }) => digest));
  return marks
    .filter(({ state, digest }) => state === 'ok' && !named.has(digest))
    .map((mark) => ({ key: mark.key, digest: mark.digest, at: bodyOf(mark).at }));
}
