/**
 * A fence says that a lineage has lost its lead: one signed object in a repository, for a site that can't be reached and has to find out by
 * itself. That site then copies nothing more and takes no more writes. No program removes a fence: a fenced site comes back as
 * a standby, in its next generation. An object that nobody with the signing key wrote is no fence: it stops nobody, and it is reported.
 */
import { basename } from 'node:path';
import { z } from 'zod';
import type { Layout } from '../../plan/layout.ts';
import { ownLineage } from '../config/lineage.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError, precondition } from '../core/errors.ts';
import { holderName } from '../core/holder.ts';
import { parseJson } from '../core/json.ts';
import { ConditionFailed, type ObjectStore, type StoredObject } from '../storage/object-store.ts';
import { readKeyring } from './catalog/keyring.ts';
import { type SignatureCheck, type SigningKey, signDocument, verifyDocument } from './signing.ts';

const signature = z.strictObject({ key: z.string(), hmacSha256: z.string() });

const fenceSchema = z.strictObject({
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
  /** Why it is neither a fence nor a lifted one. */
  readonly fault?: string;
}

const FAULTS: Readonly<Record<Exclude<SignatureCheck, 'ok'>, string>> = {
  bad: 'its signature does not fit its content',
  'unknown-key': 'it is signed with a key that is missing in signingKeys',
};

/** What `dr unlock` of version 0.1 left of a fence that was raised by mistake. */
const liftedSchema = z.object({ kind: z.literal('Lock'), releasedAt: z.iso.datetime() });

function examine({ key, etag, body }: StoredObject, keys: readonly SigningKey[]): FenceReading {
  const lineage = basename(key, '.json').replace(/^fence-/, '');
  const place = { key, etag, lineage };
  const value = parseJson(body.toString('utf8'));
  if (liftedSchema.safeParse(value).success) return place;
  const fence = fenceSchema.safeParse(value).data;
  if (fence === undefined) return { ...place, fault: 'it is not a fence that this version can read' };
  const { signature: signed } = fence;
  if (signed === undefined) return { ...place, fault: 'it has no signature' };
  const check = verifyDocument({ ...fence, signature: signed }, keys);
  if (check !== 'ok') return { ...place, fault: FAULTS[check] };
  if (fence.lineage !== lineage) return { ...place, fault: `it is the fence of ${fence.lineage}` };
  return fence.lifted === true ? place : { ...place, fence };
}

/** Every fence of a repository, whoever put it there. */
export async function readFences(
  store: ObjectStore,
  layout: Layout,
  keys: readonly SigningKey[],
): Promise<FenceReading[]> {
  const infos = (await store.list(layout.locksPrefix)).filter(({ key }) => basename(key).startsWith('fence-'));
  const objects = await Promise.all(infos.map(({ key }) => store.get(key)));
  return objects.flatMap((object) => (object === undefined ? [] : [examine(object, keys)]));
}

export interface FenceOf {
  readonly lineage: string;
  readonly keys: readonly SigningKey[];
}

/** Undefined where nothing lies there. */
async function readOne(
  store: ObjectStore,
  layout: Layout,
  { lineage, keys }: FenceOf,
): Promise<FenceReading | undefined> {
  const object = await store.get(layout.fence(lineage));
  return object && examine(object, keys);
}

/** Undefined where the lineage is not fenced by anybody who holds a signing key. */
export async function readFence(store: ObjectStore, layout: Layout, of: FenceOf): Promise<Fence | undefined> {
  return (await readOne(store, layout, of))?.fence;
}

export interface FenceRequest {
  readonly lineage: string;
  readonly successor: string;
  readonly what: string;
  readonly now: Date;
  readonly key: SigningKey;
}

function textOf(fence: Omit<Fence, 'signature'>, key: SigningKey): string {
  return `${JSON.stringify(signDocument(fence, key), undefined, 2)}\n`;
}

/** Returns the one that stands, when there is one already. Throws `FENCE-TAKEN` (exit 6) when it stands for another successor. */
export async function raiseFence(store: ObjectStore, layout: Layout, request: FenceRequest): Promise<Fence> {
  const { lineage, successor, what, now, key: signer } = request;
  const key = layout.fence(lineage);
  for (let attempt = 0; ; attempt += 1) {
    const found = await readOne(store, layout, { lineage, keys: [signer] });
    const standing = found?.fence;
    if (standing !== undefined) {
      if (standing.successor === successor) return standing;
      throw precondition({
        code: 'FENCE-TAKEN',
        where: basename(key, '.json'),
        fact: `${lineage} was fenced at ${standing.since} by ${standing.holder} (${standing.what}): ${standing.successor} leads`,
        hint: `two sites must not both take over; if that was a mistake: dr unlock ${basename(key, '.json')}`,
      });
    }
    const fence = {
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Fence',
      lineage,
      successor,
      holder: holderName(),
      what,
      since: now.toISOString(),
    } as const;
    try {
      const condition = found ? ({ kind: 'etag', etag: found.etag } as const) : ({ kind: 'absent' } as const);
      await store.put(key, textOf(fence, signer), condition);
      return signDocument(fence, signer);
    } catch (error) {
      // Someone else was faster: the next attempt tells for whom.
      if (!(error instanceof ConditionFailed) || attempt >= 5) throw error;
    }
  }
}

/** For a fence that was a mistake. What stays says who lifted it. */
export async function liftFence(
  store: ObjectStore,
  layout: Layout,
  { lineage, key: signer, now }: Pick<FenceRequest, 'lineage' | 'key' | 'now'>,
): Promise<void> {
  const lifted = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Fence',
    lineage,
    successor: lineage,
    holder: holderName(),
    what: 'dr unlock',
    since: now.toISOString(),
    lifted: true,
  } as const;
  await store.put(layout.fence(lineage), textOf(lifted, signer));
}

/**
 * One repository that holds a fence is enough; one that does not answer is skipped. Throws `FENCED` (exit 6): two sites that both write
 * copies are two histories.
 */
export async function refuseFenced(site: Site, repositories: readonly Repository[]): Promise<void> {
  const lineage = await ownLineage(site);
  if (lineage === undefined) return;
  const { keys } = await readKeyring(site);
  const read = async (repository: Repository): Promise<FenceReading | undefined> => {
    try {
      return await readOne(await repository.store('writer'), repository.layout, { lineage, keys });
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      site.log.warn({ repository: repository.id, error: error.message }, 'can’t be queried for a fence');
      return undefined;
    }
  };
  const readings = await Promise.all(repositories.map(async (each) => ({ id: each.id, found: await read(each) })));
  for (const { id, found } of readings)
    if (found?.fault !== undefined)
      site.log.warn(`${found.key} in ${id} is ignored: ${found.fault}; to remove it: dr repository clean`);
  const fence = readings.find(({ found }) => found?.fence !== undefined)?.found?.fence;
  if (fence === undefined) return;
  throw precondition({
    code: 'FENCED',
    where: fence.lineage,
    fact: `it has lost its lead: fenced at ${fence.since} by ${fence.holder} (${fence.what}), and ${fence.successor} leads`,
    hint: `bring this site back as a standby with \`dr failback\`; if the fence is a mistake: dr unlock fence-${fence.lineage}`,
  });
}
