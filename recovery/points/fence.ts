/**
 * A fence says that a lineage has lost its lead: one signed object in a repository, for a site that can't be reached and has to find out by
 * itself. That site then copies nothing more and takes no more writes. No program removes a fence: a fenced site comes back as
 * a standby, in its next generation. An object that nobody with the signing key wrote is no fence: it stops nobody, and it is reported.
 */
import { basename } from 'node:path';
import type { Layout } from '../../plan/layout.ts';
import { ownLineage } from '../config/lineage.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError, precondition } from '../core/errors.ts';
import { holderName } from '../core/holder.ts';
import type { StoreRole } from '../storage/backends.ts';
import { ConditionFailed, type ObjectStore } from '../storage/object-store.ts';
import { readKeyring } from './catalog/keyring.ts';
import { rememberedOf } from './catalog/remember.ts';
import { examineFence, type Fence, type FenceReading, removedFences } from './fence-document.ts';
import { type SigningKey, signDocument } from './signing.ts';

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
  return object && examineFence(object, keys);
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

interface OwnFence {
  /** Also where the object is gone: what another repository remembers of it still counts. */
  readonly fence?: Fence;
  readonly fault?: FenceReading;
  /** Who remembers one that is gone. */
  readonly rememberedBy?: string;
}

/** The fence of a lineage in one repository. Throws what the store throws. */
export async function ownFence(
  site: Site,
  repository: Repository,
  { lineage, role }: { readonly lineage: string; readonly role: StoreRole },
): Promise<OwnFence> {
  const { keys } = await readKeyring(site);
  const found = await readOne(await repository.store(role), repository.layout, { lineage, keys });
  if (found?.fence !== undefined) return { fence: found.fence };
  const fault = found?.fault === undefined ? {} : { fault: found };
  const readings = found === undefined ? [] : [found];
  for (const { by, head } of await rememberedOf(site, repository, role)) {
    const own = (head.fences ?? []).filter((each) => each.lineage === lineage);
    const [fence] = removedFences(own, readings);
    if (fence !== undefined) return { fence, ...fault, rememberedBy: by };
  }
  return fault;
}

/**
 * One repository that holds a fence is enough, and so is one whose fence another repository remembers; one that does not answer is skipped.
 * Throws `FENCED` (exit 6): two sites that both write copies are two histories.
 */
export async function refuseFenced(site: Site, repositories: readonly Repository[]): Promise<void> {
  const lineage = await ownLineage(site);
  if (lineage === undefined) return;
  const read = async (repository: Repository): Promise<OwnFence> => {
    try {
      return await ownFence(site, repository, { lineage, role: 'writer' });
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      site.log.warn({ repository: repository.id, error: error.message }, 'can’t be queried for a fence');
      return {};
    }
  };
  const found = await Promise.all(repositories.map(async (each) => ({ id: each.id, ...(await read(each)) })));
  for (const { id, fault, rememberedBy } of found) {
    if (fault?.fault !== undefined)
      site.log.warn(`${fault.key} in ${id} is ignored: ${fault.fault}; to remove it: dr repository clean`);
    if (rememberedBy !== undefined)
      site.log.warn(`the fence of ${lineage} was removed from ${id} (${rememberedBy} remembers it): it still counts`);
  }
  const { id = '', fence, rememberedBy } = found.find((each) => each.fence !== undefined) ?? {};
  if (fence === undefined) return;
  const lift =
    rememberedBy === undefined ? `dr unlock fence-${fence.lineage}` : `dr repository repair ${id} --accept-removed`;
  throw precondition({
    code: 'FENCED',
    where: fence.lineage,
    fact: `it has lost its lead: fenced at ${fence.since} by ${fence.holder} (${fence.what}), and ${fence.successor} leads`,
    hint: `bring this site back as a standby with \`dr failback --stack NAME --of LEADER\`; if the fence is a mistake: ${lift}`,
  });
}
