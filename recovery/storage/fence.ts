/**
 * A fence says that a lineage has lost its lead: one object in a repository, for a site that can't be reached and has to find out by
 * itself. It copies nothing more, and takes no more writes. It is never taken away by a program: what was fenced comes back as
 * a standby, in its next generation.
 */
import { basename } from 'node:path';
import { z } from 'zod';
import type { Layout } from '../../plan/layout.ts';
import { precondition } from '../core/errors.ts';
import { holderName } from '../core/holder.ts';
import { ConditionFailed, type ObjectStore, type StoredObject } from './object-store.ts';

const fenceSchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('Fence'),
  /** That has lost its lead. */
  lineage: z.string(),
  /** That leads instead. */
  successor: z.string(),
  holder: z.string(),
  /** What raised it: `dr failover --stack dr`. */
  what: z.string(),
  since: z.iso.datetime(),
});
export type Fence = z.infer<typeof fenceSchema>;

/** Of `dr unlock`: a fence that was raised by mistake. */
const liftedSchema = z.object({ kind: z.literal('Lock'), releasedAt: z.iso.datetime() });

function parse({ key, body, modified }: StoredObject, lineage: string): Fence | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    value = undefined;
  }
  if (liftedSchema.safeParse(value).success) return undefined;
  const fence = fenceSchema.safeParse(value).data;
  if (fence?.lineage === lineage) return fence;
  // Nobody puts an object there by accident. In doubt there is one leader less, and not one more.
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

/** The one that stands, when there is one already. Throws `FENCE-TAKEN` (exit 6) when it stands for another successor. */
export async function raiseFence(store: ObjectStore, layout: Layout, request: FenceRequest): Promise<Fence> {
  const { lineage, successor, what, now } = request;
  const key = layout.fence(lineage);
  for (let attempt = 0; ; attempt += 1) {
    const seen = await store.get(key);
    const standing = seen && parse(seen, lineage);
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
      const condition = seen ? ({ kind: 'etag', etag: seen.etag } as const) : ({ kind: 'absent' } as const);
      await store.put(key, `${JSON.stringify(fence, undefined, 2)}\n`, condition);
      return fence;
    } catch (error) {
      // Someone else was faster: the next look tells for whom.
      if (!(error instanceof ConditionFailed) || attempt >= 5) throw error;
    }
  }
}
