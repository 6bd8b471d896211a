/** Leases: a running restore or export says which point it reads, so that `dr prune` leaves the point alone. */
import { z } from 'zod';
import type { Layout } from '../../plan/layout.ts';
import { parseJson } from '../core/json.ts';
import { repositoryNow } from './clock.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * A restore of a large database or an export to a slow drive may take half a day, and nobody renews a lease in between. A point that is
 * leased this long after its reader has died only costs space.
 */
export const LEASE_SECONDS = 24 * 3600;

const leaseSchema = z.object({
  point: z.string(),
  /** A name for people. */
  holder: z.string(),
  since: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});

export type LeaseRecord = Readonly<z.infer<typeof leaseSchema>>;

export interface Lease {
  readonly record: LeaseRecord;
  /** Moves the expiry by the full time to live. */
  renew(): Promise<void>;
  release(): Promise<void>;
}

export interface LeaseRequest {
  /** Id of the point. */
  readonly point: string;
  /** Becomes part of the object's name. */
  readonly holder: string;
  /** @default LEASE_SECONDS */
  readonly ttlSeconds?: number;
}

/** One holder has one lease on a point: taking it again renews it. */
export async function leasePoint(store: ObjectStore, layout: Layout, request: LeaseRequest): Promise<Lease> {
  const { point, holder, ttlSeconds = LEASE_SECONDS } = request;
  const key = layout.lease(point, holder.replaceAll(/[^A-Za-z0-9._:@+-]+/g, '-').replace(/^[^A-Za-z0-9]+/, ''));
  const since = new Date().toISOString();
  const write = async (): Promise<LeaseRecord> => {
    // The later of both clocks: a host that is behind must not lease for a time that is over.
    const now = Math.max(Date.now(), (await repositoryNow(store)).getTime());
    const expiresAt = new Date(now + ttlSeconds * 1000).toISOString();
    const record = { point, holder, since, expiresAt };
    await store.put(key, `${JSON.stringify(record, undefined, 2)}\n`);
    return record;
  };
  let record = await write();
  return {
    get record() {
      return record;
    },
    async renew() {
      record = await write();
    },
    release: () => store.delete(key),
  };
}

/** Leases that have not expired, sorted by point. One that can't be read counts as new when it was written: in doubt nothing is removed. */
export async function activeLeases(store: ObjectStore, layout: Layout, now = new Date()): Promise<LeaseRecord[]> {
  const active: LeaseRecord[] = [];
  for (const info of await store.list(layout.leasesPrefix)) {
    const object = await store.get(info.key);
    if (object === undefined) continue;
    const record = parseLease(object.body.toString('utf8')) ?? unreadable(info.key, object.modified);
    if (new Date(record.expiresAt) > now) active.push(record);
  }
  return active;
}

function parseLease(text: string): LeaseRecord | undefined {
  return leaseSchema.safeParse(parseJson(text)).data;
}

function unreadable(key: string, modified: Date): LeaseRecord {
  return {
    point: key.split('/').at(-2) ?? '',
    holder: `unreadable lease ${key}`,
    since: modified.toISOString(),
    expiresAt: new Date(modified.getTime() + LEASE_SECONDS * 1000).toISOString(),
  };
}
