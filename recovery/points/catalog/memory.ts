/** What is remembered of a catalog, so that whoever removes something from it is noticed. */
import { z } from 'zod';
import { fenceSchema } from '../fence-document.ts';

/** A point or mark that was here, with a good signature, and that neither the repository nor a checkpoint names any more. */
export interface GoneDocument {
  readonly key: string;
  readonly digest: string;
  /** Of marks: when it was set. */
  readonly at?: string;
  /** Who remembers it: the id of another repository, or words. @default this host */
  readonly by?: string;
}

export const linkSchema = z.strictObject({
  key: z.string(),
  digest: z.string(),
  /** When it was set: ISO 8601. */
  at: z.iso.datetime(),
});
/** A mark, as others name it. Its point and what it says stand in its key. */
export type MarkLink = z.infer<typeof linkSchema>;

export const headSchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('Head'),
  environment: z.string(),
  /** Id of the repository that it is the head of. */
  of: z.string(),
  at: z.iso.datetime(),
  /** Absent in a catalog without points. */
  point: z.strictObject({ key: z.string(), digest: z.string(), sequence: z.number().int().nullable() }).optional(),
  marks: z.array(linkSchema),
  /** The signed fences that stand there. Absent in heads of older versions, and where none stands. */
  fences: z.array(fenceSchema).optional(),
  signature: z.strictObject({ key: z.string(), hmacSha256: z.string() }),
});
export type Head = z.infer<typeof headSchema>;

/** What a prune did, as its signed checkpoints tell it. */
export interface SignedRemovals {
  /** Ids of the points that it removed. */
  readonly points: ReadonlySet<string>;
  /** From its first checkpoint to its last: what the engines removed meanwhile is its work. Milliseconds since 1970. */
  readonly spans: readonly { readonly from: number; readonly to: number }[];
}
