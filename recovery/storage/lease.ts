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

/**
 * Leases that have not expired, sorted by point. One that can't be read counts as new when it was written, and one of a newer format
 * never expires here: in doubt nothing is removed.
 */
export async function activeLeases(store: ObjectStore, layout: Layout, now = new Date()): Promise<LeaseRecord[]> {
  const active: LeaseRecord[] = [];
  for (const info of await store.list(layout.leasesPrefix)) {
    const object = await store.get(info.key);
    if (object === undefined) continue;
    const value = parseJson(object.body.toString('utf8'));
    const record =
      newerLease(info.key, value) ?? leaseSchema.safeParse(value).data ?? unreadable(info.key, object.modified);
    if (new Date(record.expiresAt) > now) active.push(record);
  }
  return active;
}

const formatSchema = z.looseObject({ apiVersion: z.string(), dr: z.string().optional() });
const OWN_FORMAT = 'go-coffee-dr/v1';
const pointOf = (key: string): string => key.split('/').at(-2) ?? '';

/** Undefined for a lease of this version: it names no format. */
function newerLease(key: string, value: unknown): LeaseRecord | undefined {
  const { apiVersion, dr } = formatSchema.safeParse(value).data ?? {};
  if (apiVersion === undefined || apiVersion === OWN_FORMAT) return undefined;
  const version = dr === undefined ? 'a newer version of dr' : `dr ${dr}`;
  const holder = `${version} (format "${apiVersion}", which this version can't read; remove ${key} when nobody restores from it)`;
  return { point: pointOf(key), holder, since: new Date(0).toISOString(), expiresAt: NEVER };
}

const NEVER = '9999-12-31T23:59:59.999Z';

function unreadable(key: string, modified: Date): LeaseRecord {
  return {
    point: pointOf(key),
    holder: `unreadable lease ${key}`,
    since: modified.toISOString(),
    expiresAt: new Date(modified.getTime() + LEASE_SECONDS * 1000).toISOString(),
  };
}
