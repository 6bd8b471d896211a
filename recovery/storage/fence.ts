/**
 * A fence says that a lineage has lost its lead: one object in a repository, for a site that can't be reached and has to find out by
 * itself. That site then copies nothing more and takes no more writes. No program removes a fence: a fenced site comes back as
 * a standby, in its next generation.
 */

import { basename } from 'node:path';
import { z } from 'zod';
import type { Layout } from '../../plan/layout.ts';
import { precondition } from '../core/errors.ts';
import { holderName } from '../core/holder.ts';
import { parseJson } from '../core/json.ts';
import { ConditionFailed, type ObjectStore, type StoredObject } from './object-store.ts';

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
});
export type Fence = z.infer<typeof fenceSchema>;

/** What `dr unlock` leaves of a fence that was raised by mistake. */
const liftedSchema = z.object({ kind: z.literal('Lock'), releasedAt: z.iso.datetime() });

function parse({ key, body, modified }: StoredObject, lineage: string): Fence | undefined {
  const value = parseJson(body.toString('utf8'));
  if (liftedSchema.safeParse(value).success) return undefined;
  const fence = fenceSchema.safeParse(value).data;
  if (fence?.lineage === lineage) return fence;
  // Nobody puts an object there by accident. In doubt there is one leader fewer, never one more.
  return {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Fence',
    lineage,
    successor: 'unknown',
    holder: 'unknown',
    what: `${basename(key)} can't be read by this version`,
    since: modified.toISOString(),
  };
}

/** Undefined where the lineage is not fenced. */
export async function readFence(store: ObjectStore, layout: Layout, lineage: string): Promise<Fence | undefined> {
  const object = await store.get(layout.fence(lineage));
  return object && parse(object, lineage);
}

export interface FenceRequest {
  readonly lineage: string;
  readonly successor: string;
  readonly what: string;
  readonly now: Date;
}

/** Returns the one that stands, when there is one already. Throws `FENCE-TAKEN` (exit 6) when it stands for another successor. */
export async function raiseFence(store: ObjectStore, layout: Layout, request: FenceRequest): Promise<Fence> {
  const { lineage, successor, what, now } = request;
  const key = layout.fence(lineage);
  for (let attempt = 0; ; attempt += 1) {
    const found = await store.get(key);
    const standing = found && parse(found, lineage);
    if (standing !== undefined) {
      if (standing.successor === successor) return standing;
      throw precondition({
        code: 'FENCE-TAKEN',
        where: basename(key, '.json'),
        fact: `${lineage} was fenced at ${standing.since} by ${standing.holder} (${standing.what}): ${standing.successor} leads`,
        hint: `two sites must not both take over; if that was a mistake: dr unlock ${basename(key, '.json')}`,
      });
    }
    const fence: Fence = {
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Fence',
      lineage,
      successor,
      holder: holderName(),
      what,
      since: now.toISOString(),
    };
    try {
      const condition = found ? ({ kind: 'etag', etag: found.etag } as const) : ({ kind: 'absent' } as const);
      await store.put(key, `${JSON.stringify(fence, undefined, 2)}\n`, condition);
      return fence;
    } catch (error) {
      // Someone else was faster: the next attempt tells for whom.
      if (!(error instanceof ConditionFailed) || attempt >= 5) throw error;
    }
  }
}
