/** Turns the documents of a catalog into entries: a point with its marks and its trust. */
import { type MarkRecord, markDocumentSchema, parseMarkKey } from '../marks.ts';
import type { Mark, RecoveryPoint } from '../point.ts';
import { type CatalogDocuments, pointOfKey } from './chain.ts';
import type { DocumentRecord } from './document.ts';
import { chainOrder } from './order.ts';
import { outlineOf, type PointOutline } from './outline.ts';
import type { CatalogEntry, Trust } from './types.ts';

/** The schema was checked when the document was first read: over 10,000 points that takes longer than to parse the JSON. */
function pointOf({ text }: DocumentRecord): RecoveryPoint {
  return JSON.parse(text);
}

/** The document must be readable (`text` not empty). Its JSON is parsed when `point` is first asked for: 10,000 of them take long. */
export function toEntry(record: DocumentRecord, marks: readonly MarkRecord[]): CatalogEntry {
  let parsed: RecoveryPoint | undefined;
  return {
    get point(): RecoveryPoint {
      parsed ??= pointOf(record);
      return parsed;
    },
    get outline(): PointOutline {
      return record.outline ?? outlineOf(this.point);
    },
    marks,
    trust: trustOf(record),
  };
}

/** These count without a good signature too: ignoring them would restore what someone warned of, or prune what someone kept. */
const CAUTIOUS: readonly Mark[] = ['compromised', 'hold'];

function toMark(record: DocumentRecord): MarkRecord | undefined {
  if (record.state === 'ok') {
    const { mark, at, by, note } = markDocumentSchema.parse(JSON.parse(record.text));
    return { mark, at, by, ...(note === undefined ? {} : { note }) };
  }
  const named = parseMarkKey(record.key);
  if (named === undefined || !CAUTIOUS.includes(named.mark)) return undefined;
  return { mark: named.mark, at: new Date(0).toISOString(), by: 'unknown', note: `not verified: ${record.why}` };
}

/** Marks by the id of their point, oldest first. */
export function marksByPoint(records: readonly DocumentRecord[]): Map<string, MarkRecord[]> {
  const byPoint = new Map<string, MarkRecord[]>();
  for (const record of records) {
    const point = parseMarkKey(record.key)?.point;
    const mark = toMark(record);
    if (point === undefined || mark === undefined) continue;
    byPoint.set(point, [...(byPoint.get(point) ?? []), mark]);
  }
  for (const marks of byPoint.values()) marks.sort((a, b) => a.at.localeCompare(b.at));
  return byPoint;
}

/** An unreadable document has no text, and so no entry: the list of problems shows it. */
function trustOf({ state }: DocumentRecord): Trust {
  return state === 'unreadable' ? 'tampered' : state;
}

/** Points without an outline have no entry: the list of problems shows them. */
export function toEntries(documents: Pick<CatalogDocuments, 'points' | 'marks'>): CatalogEntry[] {
  const marked = marksByPoint(documents.marks);
  return chainOrder(documents.points)
    .filter((record) => record.outline !== undefined)
    .map((record) => toEntry(record, marked.get(pointOfKey(record.key) ?? '') ?? []));
}
