/** Marks on a point. Points never change, so each mark is a signed object of its own, and none is removed. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { MARKS, type Mark, pointIdSchema } from './point.ts';

export interface MarkRecord {
  readonly mark: Mark;
  /** ISO 8601 */
  readonly at: string;
  readonly by: string;
  readonly note?: string;
}

export const markDocumentSchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('Mark'),
  environment: z.string(),
  repository: z.string(),
  point: pointIdSchema,
  mark: z.enum(MARKS),
  at: z.iso.datetime(),
  by: z.string(),
  note: z.string().optional(),
  /** The marks of this catalog that none before it names (catalog/mark-chain.ts). Absent in marks of version 0.1. */
  previous: z.array(z.strictObject({ key: z.string(), digest: z.string(), at: z.iso.datetime() })).optional(),
  signature: z.strictObject({ key: z.string(), hmacSha256: z.string() }),
});

/** `<stamp>-<mark>.json`, as plan/layout.ts makes it. */
const MARK_KEY = new RegExp(`/([^/]+)/[^/]*-(${MARKS.join('|')})\\.json$`);

export function parseMarkKey(key: string): { readonly point: string; readonly mark: Mark } | undefined {
  const [, point, name] = MARK_KEY.exec(key) ?? [];
  const mark = MARKS.find((each) => each === name);
  return point === undefined || mark === undefined ? undefined : { point, mark };
}

/** The point that a mark of whatever version is about: a newer one may have marks of other names. */
export function markedPoint(key: string): string | undefined {
  const [, point] = /(?:^|\/)marks\/([^/]+)\/[^/]+\.json$/.exec(key) ?? [];
  return pointIdSchema.safeParse(point).data;
}

/** A mark that a newer version has set: it may say that the point is compromised, or that it must be kept. */
export interface UnreadMark {
  readonly key: string;
  /** Which version is needed. */
  readonly why: string;
  /** Somebody with a signing key set it. */
  readonly genuine: boolean;
}

/** Sorts by time to the millisecond. Its random end keeps two marks of the same moment apart. */
export function markStamp(at: Date): string {
  return `${at.toISOString().replaceAll(/[-:.]/g, '')}-${randomBytes(2).toString('hex')}`;
}

interface Marked {
  readonly marks: readonly MarkRecord[];
}

function latestOf(entry: Marked, marks: readonly Mark[]): MarkRecord | undefined {
  if (entry.marks.length === 0) return undefined;
  return entry.marks
    .filter((record) => marks.includes(record.mark))
    .reduce<MarkRecord | undefined>((last, record) => (last && last.at > record.at ? last : record), undefined);
}

/** The later of `compromised` and `clean` counts. */
export function isCompromised(entry: Marked): boolean {
  return latestOf(entry, ['compromised', 'clean'])?.mark === 'compromised';
}

/** Somebody looked at it and said that it is good: the last of the two marks is `clean`. */
export function isVouched(entry: Marked): boolean {
  return latestOf(entry, ['compromised', 'clean'])?.mark === 'clean';
}

/** When the point was last verified. */
export function verifiedAt(entry: Marked): Date | undefined {
  const record = latestOf(entry, ['verified']);
  return record && new Date(record.at);
}

/** The repositories of off-site copies that a copy of this point was exported to. The copy may lie in a safe, where nobody can ask it. */
export function exportedTo({ marks }: Marked): string[] {
  return marks.flatMap(({ mark, note }) => (mark === 'exported' && note !== undefined ? [note] : []));
}

export function isHeld(entry: Marked): boolean {
  return latestOf(entry, ['hold']) !== undefined;
}
