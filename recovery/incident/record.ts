/**
 * One signed document that says what happened: an event of an incident, a test of the channels, a review. A record never changes, and each
 * names the records that none before it named, so that a removed one is missed and two people may write at once. Pure.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { parseJson } from '../core/json.ts';
import { documentDigest, type SigningKey, signDocument, verifyDocument } from '../points/signing.ts';

/** A name of a log: an incident's id (`inc-20261123T020000Z-7f3a`), or the name of a log of its own such as `channel-tests`. */
const logNameSchema = z.string().regex(/^[a-z0-9][A-Za-z0-9-]{0,79}$/);

const recordSchema = z.object({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('IncidentEvent'),
  environment: z.string(),
  /** Where it was written. */
  site: z.string(),
  log: logNameSchema,
  id: z.string(),
  /** When it happened. */
  at: z.iso.datetime(),
  /** When it was written, by the writer's clock. */
  recordedAt: z.iso.datetime(),
  by: z.string(),
  /** Digests of the records of this log that none before it names. */
  previous: z.array(z.string()),
  event: z.looseObject({ type: z.string() }),
  signature: z.strictObject({ key: z.string(), hmacSha256: z.string() }),
});

type RecordDocument = z.infer<typeof recordSchema>;

/** A record that can be trusted. */
export interface LogRecord extends Omit<RecordDocument, 'signature' | 'apiVersion' | 'kind'> {
  readonly digest: string;
}

export interface RecordProblem {
  readonly key: string;
  readonly fact: string;
}

export interface LogReading {
  /** What a record names comes before it; otherwise by the time of writing. */
  readonly records: readonly LogRecord[];
  /** Altered, unreadable or removed records of this log. They don't count. */
  readonly problems: readonly RecordProblem[];
}

export type Examined = { readonly record: LogRecord } | { readonly problem: RecordProblem };

export interface NewRecord {
  readonly environment: string;
  readonly site: string;
  readonly log: string;
  readonly at: Date;
  readonly now: Date;
  readonly by: string;
  readonly event: { readonly type: string };
}

/** Sorts by time to the millisecond; its random end keeps two of one moment apart. */
function recordId(now: Date): string {
  return `${now.toISOString().replaceAll(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`;
}

/** The document as it is stored, and what a reader gets of it. */
export function signRecord(
  { environment, site, log, at, now, by, event }: NewRecord,
  before: readonly LogRecord[],
  key: SigningKey,
): { readonly record: LogRecord; readonly text: string } {
  const body = {
    apiVersion: 'go-coffee-dr/v1' as const,
    kind: 'IncidentEvent' as const,
    environment,
    site,
    log: logNameSchema.parse(log),
    id: recordId(now),
    at: at.toISOString(),
    recordedAt: now.toISOString(),
    by,
    previous: tipsOf(before),
    event,
  };
  const document = signDocument(recordSchema.omit({ signature: true }).parse(body), key);
  return { record: withDigest(document), text: `${JSON.stringify(document, undefined, 2)}\n` };
}

function withDigest(document: RecordDocument): LogRecord {
  const { signature: _, apiVersion: __, kind: ___, ...rest } = document;
  return { ...rest, digest: documentDigest(document) };
}

/** Reads what lies under `key`; `expectedKey` makes the key of a record, so that none can be moved to another place. */
export function examineRecord(
  { key, body }: { readonly key: string; readonly body: Buffer },
  place: { readonly environment: string; expectedKey(log: string, id: string): string },
  keys: readonly SigningKey[],
): Examined {
  const problem = (fact: string): Examined => ({ problem: { key, fact } });
  const json = parseJson(body.toString('utf8'));
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) return problem('it is not an event that this version can read');
  // The signature covers every field, also those of a newer version.
  const document = json as RecordDocument;
  const check = verifyDocument(document, keys);
  if (check === 'unknown-key')
    return problem(`it is signed with the key "${document.signature.key}", which is missing in signingKeys`);
  if (check === 'bad') return problem('its signature does not fit its content');
  if (document.environment !== place.environment) return problem(`it belongs to "${document.environment}"`);
  if (place.expectedKey(document.log, document.id) !== key) return problem('it lies under the name of another event');
  return { record: withDigest(document) };
}

/** Digests of the records that no other one names. */
function tipsOf(records: readonly LogRecord[]): string[] {
  const named = new Set(records.flatMap(({ previous }) => previous));
  return records.map(({ digest }) => digest).filter((digest) => !named.has(digest));
}

/** Named by a record that is present, and not present themselves. */
export function missingOf(records: readonly LogRecord[]): string[] {
  const present = new Set(records.map(({ digest }) => digest));
  return [...new Set(records.flatMap(({ previous }) => previous))].filter((digest) => !present.has(digest));
}

const earlier = (a: LogRecord, b: LogRecord): number =>
  a.recordedAt.localeCompare(b.recordedAt) || a.id.localeCompare(b.id);

/**
 * What a record names comes before it, whatever the clocks say; records that don't know each other are ordered by the time of writing, then
 * by id, so that every reader sees one order.
 */
export function ordered(records: readonly LogRecord[]): LogRecord[] {
  const byDigest = new Map(records.map((record) => [record.digest, record]));
  const done = new Set<string>();
  const result: LogRecord[] = [];
  const open = [...byDigest.values()].sort(earlier);
  const isReady = ({ previous }: LogRecord): boolean =>
    previous.every((digest) => done.has(digest) || !byDigest.has(digest));
  while (open.length > 0) {
    // Signatures make a circle impossible; without this a fault in them would have no end.
    const next = Math.max(0, open.findIndex(isReady));
    const [record] = open.splice(next, 1) as [LogRecord];
    done.add(record.digest);
    result.push(record);
  }
  return result;
}
