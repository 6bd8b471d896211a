/**
 * A fence as it lies in a repository: one signed object that says that a lineage has lost its lead. Its signature tells whether somebody with
 * the key wrote it.
 */
import { basename } from 'node:path';
import { z } from 'zod';
import type { Layout } from '../../plan/layout.ts';
import { parseJson } from '../core/json.ts';
import type { ObjectStore, StoredObject } from '../storage/object-store.ts';
import { type SignatureCheck, type SigningKey, verifyDocument } from './signing.ts';

const signature = z.strictObject({ key: z.string(), hmacSha256: z.string() });

export const fenceSchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('Fence'),
  /** The one that has lost its lead. */
  lineage: z.string(),
  /** The one that leads instead. */
  successor: z.string(),
  holder: z.string(),
  /** What raised it: `dr failover --stack dr`. */
  what: z.string(),
  since: z.iso.datetime(),
  /** True for one that was a mistake: `dr unlock` has lifted it. */
  lifted: z.literal(true).optional(),
  /** Absent in fences of version 0.1, which stop nobody any more. */
  signature: signature.optional(),
});
export type Fence = z.infer<typeof fenceSchema>;

/** What lies where a fence would. */
export interface FenceReading {
  readonly key: string;
  readonly etag: string;
  readonly lineage: string;
  /** Signed, and not lifted. */
  readonly fence?: Fence;
  /** When somebody with a signing key has lifted it: ISO 8601. */
  readonly liftedAt?: string;
  /** Why it is neither a fence nor a lifted one. */
  readonly fault?: string;
}

const FAULTS: Readonly<Record<Exclude<SignatureCheck, 'ok'>, string>> = {
  bad: 'its signature does not fit its content',
  'unknown-key': 'it is signed with a key that is missing in signingKeys',
};

/** What `dr unlock` of version 0.1 left of a fence that was raised by mistake. */
const liftedSchema = z.object({ kind: z.literal('Lock'), releasedAt: z.iso.datetime() });

/** The lineage whose fence would lie under this key. Undefined for the key of something else. */
export function fencedLineage(key: string): string | undefined {
  return /^fence-(.+)\.json$/.exec(basename(key))?.[1];
}

export function examineFence({ key, etag, body }: StoredObject, keys: readonly SigningKey[]): FenceReading {
  const lineage = fencedLineage(key) ?? '';
  const place = { key, etag, lineage };
  const value = parseJson(body.toString('utf8'));
  if (liftedSchema.safeParse(value).success) return place;
  const fence = fenceSchema.safeParse(value).data;
  if (fence === undefined) return newerFence(place, value, keys);
  const { signature: signed } = fence;
  if (signed === undefined) return { ...place, fault: 'it has no signature' };
  const check = verifyDocument({ ...fence, signature: signed }, keys);
  if (check !== 'ok') return { ...place, fault: FAULTS[check] };
  if (fence.lineage !== lineage) return { ...place, fault: `it is the fence of ${fence.lineage}` };
  return fence.lifted === true ? { ...place, liftedAt: fence.since } : { ...place, fence };
}

const newerSchema = z.looseObject({
  apiVersion: z.string(),
  dr: z.string().optional(),
  successor: z.string().default('another site'),
  holder: z.string().default('unknown'),
  since: z.iso.datetime().catch(new Date(0).toISOString()),
  signature,
});

/** A newer version raised it, and somebody with the key signed it: it stops like any other. What it says besides can't be known here. */
function newerFence(
  place: Pick<FenceReading, 'key' | 'etag' | 'lineage'>,
  value: unknown,
  keys: readonly SigningKey[],
): FenceReading {
  const found = newerSchema.safeParse(value).data;
  if (found === undefined) return { ...place, fault: 'it is not a fence that this version can read' };
  const { apiVersion, dr, successor, holder, since, signature: signed } = found;
  const written = dr === undefined ? 'a newer version of dr wrote it' : `dr ${dr} wrote it`;
  const what = `format "${apiVersion}", which this version can't read; ${written}`;
  if (verifyDocument({ ...(value as object), signature: signed }, keys) !== 'ok')
    return { ...place, fault: `its ${what}; its signature can't be checked here` };
  const { lineage } = place;
  return { ...place, fence: { apiVersion: 'go-coffee-dr/v1', kind: 'Fence', lineage, successor, holder, what, since } };
}

/** Every fence of a repository, whoever put it there. */
export async function readFences(
  store: ObjectStore,
  layout: Layout,
  keys: readonly SigningKey[],
): Promise<FenceReading[]> {
  const infos = (await store.list(layout.locksPrefix)).filter(({ key }) => fencedLineage(key) !== undefined);
  const objects = await Promise.all(infos.map(({ key }) => store.get(key)));
  return objects.flatMap((object) => (object === undefined ? [] : [examineFence(object, keys)]));
}

/** The remembered fences that neither stand any more nor were lifted since by somebody with a key. Pure. */
export function removedFences(remembered: readonly Fence[], readings: readonly FenceReading[]): Fence[] {
  const byLineage = new Map(readings.map((reading) => [reading.lineage, reading]));
  return remembered.filter(({ lineage, since }) => {
    const { fence, liftedAt } = byLineage.get(lineage) ?? {};
    return fence === undefined && (liftedAt === undefined || Date.parse(liftedAt) < Date.parse(since));
  });
}
