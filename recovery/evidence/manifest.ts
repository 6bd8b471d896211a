/** What a collection of evidence holds. Signed, and written last: one without it was interrupted. */
import { z } from 'zod';
import type { Layout } from '../../plan/layout.ts';
import { parseJson } from '../core/json.ts';
import { type SignatureCheck, type SigningKey, signDocument, verifyDocument } from '../points/signing.ts';
import type { ObjectStore } from '../storage/object-store.ts';

const MANIFEST = 'manifest.json';
/** A line for each file, as `sha256sum -c` reads it. */
export const SUMS = 'SHA256SUMS';
export const TAG = 'evidence';

const partSchema = z.object({
  /** `postgres`, `redis`, `listings`, `kubernetes` … */
  id: z.string(),
  what: z.string(),
  /** Absolute; it begins each of its files' paths in SHA256SUMS. */
  path: z.string(),
  snapshot: z.string(),
  files: z.number(),
  bytes: z.number(),
  /** Files that changed while they were copied: their digest is that of before. At most 100 are named. */
  changed: z.array(z.string()),
});
export type EvidencePart = z.infer<typeof partSchema>;

const manifestSchema = z.object({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('Evidence'),
  id: z.string(),
  environment: z.string(),
  site: z.string(),
  host: z.string(),
  by: z.string(),
  note: z.string().optional(),
  startedAt: z.string(),
  endedAt: z.string(),
  repository: z.string(),
  tag: z.string(),
  parts: z.array(partSchema),
  /** What could not be collected, and why. */
  gaps: z.array(z.object({ id: z.string(), fact: z.string(), hint: z.string() })),
  /** sha256 of the object SHA256SUMS. */
  sums: z.string(),
  signature: z.object({ key: z.string(), hmacSha256: z.string() }),
});
export type EvidenceManifest = z.infer<typeof manifestSchema>;

export async function writeManifest(
  store: ObjectStore,
  layout: Layout,
  body: Omit<EvidenceManifest, 'signature'>,
  key: SigningKey,
): Promise<EvidenceManifest> {
  const manifest = signDocument(body, key);
  await store.put(layout.evidenceFile(body.id, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`, {
    kind: 'absent',
  });
  return manifest;
}

export type ReadManifest =
  | { readonly state: 'read'; readonly manifest: EvidenceManifest; readonly signature: SignatureCheck }
  /** The collection was interrupted, or its manifest was removed. */
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly fact: string };

export async function readManifest(
  store: ObjectStore,
  layout: Layout,
  id: string,
  keys: readonly SigningKey[],
): Promise<ReadManifest> {
  const found = await store.get(layout.evidenceFile(id, MANIFEST));
  if (found === undefined) return { state: 'absent' };
  const parsed = manifestSchema.safeParse(parseJson(found.body.toString('utf8')));
  if (!parsed.success) return { state: 'unreadable', fact: parsed.error.issues[0]?.message ?? 'no manifest' };
  return { state: 'read', manifest: parsed.data, signature: verifyDocument(parsed.data, keys) };
}
