/** Leases: a running restore says which point it reads, so that prune leaves the point alone. */
import { z } from 'zod';
import type { Layout } from '../../plan/layout.ts';
import type { ObjectStore } from './object-store.ts';

const leaseSchema = z.object({
  point: z.string(),
  holder: z.string(),
  since: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});

export interface LeaseRecord {
  readonly point: string;
  readonly holder: string;
  /** ISO 8601 */
  readonly since: string;
  readonly expiresAt: string;
}

export interface Lease {
  readonly record: LeaseRecord;
  /** Moves the expiry by the full time to live. */
  renew(): Promise<void>;
  release(): Promise<void>;
}

/** A lease that can't be read holds its point this long after it was written: in doubt nothing is removed. */
const UNREADABLE_LASTS_MS = 24 * 3600 * 1000;

/** One holder has one lease on a point: taking it again renews it. `holder` becomes part of the object's name. */
export async function leasePoint(
  store: ObjectStore,
  layout: Layout,
  pointId: string,
  holder: string,
  ttlSeconds: number,
): Promise<Lease> {
  const key = layout.lease(pointId, holder.replaceAll(/[^A-Za-z0-9._:@+-]+/g, '-').replace(/^[^A-Za-z0-9]+/, ''));
  const since = new Date().toISOString();
  const write = async (): Promise<LeaseRecord> => {
    const expiresAt = new Date(Date.now() + ttlSeconds * 1000).toISOString();
    const record = { point: pointId, holder, since, expiresAt };
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

/** Leases that have not run out, sorted by point. */
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
  try {
    return leaseSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function unreadable(key: string, modified: Date): LeaseRecord {
  return {
    point: key.split('/').at(-2) ?? '',
    holder: `unreadable lease ${key}`,
    since: modified.toISOString(),
    expiresAt: new Date(modified.getTime() + UNREADABLE_LASTS_MS).toISOString(),
  };
}
