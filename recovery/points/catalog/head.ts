/**
 * What one repository remembers of another: its newest point, the marks that no later mark names, and its fences. Whoever removes these, or puts an
 * older catalog back, would otherwise be noticed only by a host that has read the newer one. Each lies signed in every other repository.
 */
import { parseJson } from '../../core/json.ts';
import { type Fence, type FenceReading, removedFences } from '../fence-document.ts';
import { documentDigest, type SigningKey, signDocument, verifyDocument } from '../signing.ts';
import { type CatalogDocuments, isRemovedBy } from './chain.ts';
import { tipsOf } from './mark-chain.ts';
import { type GoneDocument, type Head, headSchema } from './memory.ts';
import { chainOrder } from './order.ts';

export interface HeadPlace {
  readonly environment: string;
  readonly of: string;
}

/** Of the documents with a good signature. */
export function headOf(
  { points, marks, fences }: Pick<CatalogDocuments, 'points' | 'marks'> & { readonly fences: readonly Fence[] },
  place: HeadPlace,
  { now, key }: { readonly now: Date; readonly key: SigningKey },
): Head {
  const newest = chainOrder(points).findLast(({ state }) => state === 'ok');
  const body = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Head',
    ...place,
    at: now.toISOString(),
    ...(newest && { point: { key: newest.key, digest: newest.digest, sequence: newest.sequence } }),
    marks: tipsOf(marks),
    ...(fences.length === 0 ? {} : { fences: [...fences] }),
  } as const;
  return signDocument(body, key);
}

/** Undefined for one that is not signed with a known key, or that is of something else: it says nothing. */
export function parseHead(body: Buffer, place: HeadPlace, keys: readonly SigningKey[]): Head | undefined {
  const head = headSchema.safeParse(parseJson(body.toString('utf8'))).data;
  if (head === undefined || head.of !== place.of || head.environment !== place.environment) return undefined;
  return verifyDocument(head, keys) === 'ok' ? head : undefined;
}

/** What a head names and the catalog lacks, though nobody with the key removed it. @param by who remembers: `secondary` */
export function missingOf(
  head: Head,
  by: string,
  { points, marks, checkpoints }: Pick<CatalogDocuments, 'points' | 'marks' | 'checkpoints'>,
): GoneDocument[] {
  const isRemoved = isRemovedBy(checkpoints);
  const present = new Set([...points, ...marks].filter(({ state }) => state === 'ok').map(({ digest }) => digest));
  const { point } = head;
  const named = [...(point === undefined ? [] : [{ key: point.key, digest: point.digest }]), ...head.marks];
  return named.filter((each) => !present.has(each.digest) && !isRemoved(each)).map((each) => ({ ...each, by }));
}

/** The same for its fences. @param keyOf the key under which the fence of a lineage lies */
export function missingFences(
  { by, head }: { readonly by: string; readonly head: Head },
  readings: readonly FenceReading[],
  keyOf: (lineage: string) => string,
): GoneDocument[] {
  const signed = (head.fences ?? []).flatMap((fence) =>
    fence.signature === undefined ? [] : [{ ...fence, signature: fence.signature }],
  );
  const removed = new Set<Fence>(removedFences(signed, readings));
  return signed
    .filter((fence) => removed.has(fence))
    .map((fence) => ({ key: keyOf(fence.lineage), digest: documentDigest(fence), by }));
}
