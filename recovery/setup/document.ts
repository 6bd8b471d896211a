/** A configuration file as its parts, each with a word on it: what is written, what is compared, and what a person reads are the same. */
import { Document, isCollection, type Node, Pair, type Scalar, YAMLMap } from 'yaml';

export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

export type Part =
  /** One line. */
  | { readonly kind: 'value'; readonly key: string; readonly value: Value; readonly note: string }
  | { readonly kind: 'section'; readonly key: string; readonly note: string; readonly parts: readonly Part[] }
  /** Only a comment: what was not answered, or what a person must add. */
  | { readonly kind: 'remark'; readonly lines: readonly string[] };

export const value = (key: string, of: Value, note: string): Part => ({ kind: 'value', key, value: of, note });
export const section = (key: string, note: string, parts: readonly Part[]): Part => ({
  kind: 'section',
  key,
  note,
  parts,
});
export const remark = (...lines: readonly string[]): Part => ({ kind: 'remark', lines });

/** What another program said may have several lines; a comment has one. */
function asComment(lines: readonly string[]): string {
  const words = lines.map((line) => (line === '' ? '' : ` ${line.replaceAll(/\s*\n\s*/g, ' ')}`));
  return words.join('\n').trimEnd();
}

function valueNode(document: Document, { value: of, note }: Part & { kind: 'value' }): Node {
  const node = document.createNode(of) as Node;
  if (isCollection(node)) node.flow = true;
  node.comment = asComment([note]);
  return node;
}

/** Comments stand above the next key; at the end of a map below its last one. */
function mapOf(document: Document, parts: readonly Part[], spaced: boolean): { map: YAMLMap; after: string[] } {
  const map = new YAMLMap();
  let above: string[] = [];
  const gap = spaced ? [''] : [];
  for (const part of parts) {
    if (part.kind === 'remark') {
      above.push(...part.lines, ...gap);
      continue;
    }
    const key = document.createNode(part.key) as Scalar;
    if (part.kind === 'section') {
      const below = mapOf(document, part.parts, false);
      // A section of nothing but remarks would be an empty value, which no schema takes.
      if (below.map.items.length === 0) {
        above.push(`${part.key}: ${part.note}`, ...below.after, ...gap);
        continue;
      }
      if (below.after.length > 0) below.map.comment = asComment(below.after);
      above.push(part.note);
      key.spaceBefore = spaced && map.items.length > 0;
      map.add(new Pair(key, below.map));
    } else {
      if (spaced && map.items.length > 0 && above.length > 0) key.spaceBefore = true;
      map.add(new Pair(key, valueNode(document, part)));
    }
    if (above.length > 0) key.commentBefore = asComment(above);
    above = [];
  }
  return { map, after: above };
}

/** @param head Lines of the comment at the top. */
export function renderDocument(head: readonly string[], parts: readonly Part[]): string {
  const document = new Document<YAMLMap>();
  const { map, after } = mapOf(document, parts, true);
  document.contents = map;
  document.commentBefore = asComment(head);
  if (after.length > 0) document.comment = asComment(after);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** What a reader of the file gets. */
export function dataOf(parts: readonly Part[]): Record<string, unknown> {
  return Object.fromEntries(
    parts.flatMap((part): [string, unknown][] => {
      if (part.kind === 'remark') return [];
      if (part.kind === 'value') return [[part.key, part.value]];
      const below = dataOf(part.parts);
      return Object.keys(below).length === 0 ? [] : [[part.key, below]];
    }),
  );
}
