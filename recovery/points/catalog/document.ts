/** The three kinds of signed documents in a catalog, and the checks when one is first read. */
import { z } from 'zod';
import type { Layout } from '../../../plan/layout.ts';
import { messageOf } from '../../core/errors.ts';
import { markDocumentSchema, parseMarkKey } from '../marks.ts';
import { recoveryPointSchema } from '../point.ts';
import { documentDigest, type Signed, type SigningKey, verifyDocument } from '../signing.ts';
import { outlineOf, type PointOutline } from './outline.ts';
import type { Trust } from './types.ts';

export const checkpointSchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('Checkpoint'),
  id: z.string(),
  environment: z.string(),
  repository: z.string(),
  at: z.iso.datetime(),
  by: z.string(),
  /** Digests of the removed points: the `previous` of a younger point may name one. */
  removed: z.array(z.strictObject({ point: z.string(), digests: z.array(z.string()) })),
  signature: z.strictObject({ key: z.string(), hmacSha256: z.string() }),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

const signedSchema = z.looseObject({ signature: z.strictObject({ key: z.string(), hmacSha256: z.string() }) });

export type DocumentKind = 'point' | 'mark' | 'checkpoint';

/** Facts about one stored document. Documents never change, so all of it can be cached. */
export interface DocumentRecord {
  readonly key: string;
  readonly etag: string;
  /** `unreadable`: not of the known schema, though the signature may be good (a newer version of `dr` wrote it). */
  readonly state: Trust | 'unreadable';
  /** Why it is not `ok`. */
  readonly why: string;
  readonly digest: string;
  /** Of points: the digest of the previous one. */
  readonly previous: string | null;
  /** Of points: the number in the chain; null where it has none. */
  readonly sequence: number | null;
  /** Its JSON; empty where it is not of the known schema. Throws `CATALOG-CACHE` (exit 1) where the cache was changed on the disk. */
  readonly text: string;
  /** Of an unreadable one: somebody with a signing key wrote it. Absent for others, and in caches of older versions. */
  readonly genuine?: boolean | undefined;
  /** Of readable points. */
  readonly outline?: PointOutline | undefined;
}

/** The repository and environment that a catalog's documents must name. */
export interface CatalogPlace {
  readonly repository: string;
  readonly environment: string;
  readonly layout: Layout;
}

/** A document repeats the names of its place, so that nobody can move it to another. Empty for one in its place. */
function misplaced(
  kind: DocumentKind,
  key: string,
  document: Readonly<Record<string, unknown>>,
  place: CatalogPlace,
): string {
  if (document.repository !== place.repository) return `it belongs to the repository "${document.repository}"`;
  if (document.environment !== place.environment) return `it belongs to the environment "${document.environment}"`;
  const named = parseMarkKey(key);
  const fits = {
    point: () => key === place.layout.point(String(document.id)),
    checkpoint: () => key === place.layout.checkpoint(String(document.id)),
    mark: () => named?.point === document.point && named?.mark === document.mark,
  };
  return fits[kind]() ? '' : 'it lies under the name of another document';
}

const SCHEMAS = { point: recoveryPointSchema, mark: markDocumentSchema, checkpoint: checkpointSchema } as const;

/** What this version reads. */
const OWN_FORMAT = 'go-coffee-dr/v1';

const writtenBy = z.looseObject({ tools: z.looseObject({ dr: z.string() }) });

/** The version of `dr` that wrote a document, where it says so. */
function versionNeeded(json: unknown): string {
  const version = writtenBy.safeParse(json).data?.tools.dr;
  return version === undefined ? 'a newer version of dr wrote it' : `dr ${version} wrote it`;
}

const formatted = z.looseObject({ apiVersion: z.string(), previous: z.string().optional() });

/** A document of another format may be signed in another way too: nothing of it can be judged here, and it is no sign of an intruder. */
function newerFormat(json: unknown): Pick<DocumentRecord, 'digest' | 'previous' | 'why'> | undefined {
  const document = formatted.safeParse(json).data;
  if (document === undefined || document.apiVersion === OWN_FORMAT) return undefined;
  const why = `its format is "${document.apiVersion}", and this version reads "${OWN_FORMAT}"; ${versionNeeded(json)}`;
  return { digest: documentDigest({ ...document, signature: UNKNOWN }), previous: document.previous ?? null, why };
}

const UNKNOWN = { key: '', hmacSha256: '' };

export function examine(
  kind: DocumentKind,
  stored: { readonly key: string; readonly etag: string; readonly body: Buffer },
  place: CatalogPlace,
  keys: readonly SigningKey[],
): DocumentRecord {
  const { key, etag, body } = stored;
  const text = body.toString('utf8');
  const nothing = { key, etag, digest: '', previous: null, sequence: null, text: '' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { ...nothing, state: 'tampered', why: `it is not JSON: ${messageOf(error)}` };
  }
  const newer = newerFormat(json);
  const signed = signedSchema.safeParse(json);
  if (newer !== undefined) {
    // Formats change; how this family of formats is signed may stay.
    const genuine = signed.success && verifyDocument(signed.data, keys) === 'ok';
    return { ...nothing, ...newer, state: 'unreadable', genuine };
  }
  if (!signed.success) return { ...nothing, state: 'tampered', why: 'it has no signature' };
  const document: Signed<Readonly<Record<string, unknown>>> = signed.data;
  const check = verifyDocument(document, keys);
  const parsed = SCHEMAS[kind].safeParse(json);
  const previous = typeof document.previous === 'string' ? document.previous : null;
  const outline = parsed.success && parsed.data.kind === 'RecoveryPoint' ? { outline: outlineOf(parsed.data) } : {};
  const found = {
    ...nothing,
    digest: documentDigest(document),
    previous,
    sequence: parsed.success && parsed.data.kind === 'RecoveryPoint' ? (parsed.data.sequence ?? null) : null,
    text: parsed.success ? text : '',
    ...outline,
  };
  if (check === 'bad') return { ...found, state: 'tampered', why: 'its signature does not fit its content' };
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const what = `${issue?.path.join('.') || 'document'}: ${issue?.message}`;
    return { ...found, genuine: check === 'ok', state: 'unreadable', why: `${what}; ${versionNeeded(document)}` };
  }
  const why = misplaced(kind, key, document, place);
  if (why !== '') return { ...found, state: 'tampered', why };
  if (check === 'ok') return { ...found, state: 'ok', why: '' };
  return { ...found, state: 'unknown-key', why: `it is signed with the key "${document.signature.key}"` };
}
