/**
 * Locks by conditional writes to one object, which work across hosts and on any store. A lock has a holder's name, an expiry, and
 * a token that grows with each new holder. A release writes and does not delete: the token must never start again, and
 * the restorer of a bucket need not be able to delete.
 */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { z } from 'zod';
import { formatDuration } from '../../plan/duration.ts';
import { ignoring } from '../core/absent.ts';
import { type DrError, precondition } from '../core/errors.ts';
import { holderName, isSurelyAlive, isSurelyDead, processSchema, thisProcess } from '../core/holder.ts';
import { parseJson } from '../core/json.ts';
import { repositoryNow } from './clock.ts';
import { ConditionFailed, type ObjectStore } from './object-store.ts';

/**
 * A holder renews three times in this time, so work survives a store that is unreachable for almost five minutes. A holder that died
 * blocks the others for at most this long, and only on other hosts: on its own host its pid shows that it is dead.
 */
export const LOCK_SECONDS = 300;

const lockSchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('Lock'),
  token: z.number().int().positive(),
  holder: z.string(),
  /** What the holder does: `dr restore --to latest`. */
  what: z.string(),
  since: z.iso.datetime(),
  /** By the repository's clock. */
  expiresAt: z.iso.datetime(),
  process: processSchema,
  /** Tells two locks of one process apart. */
  nonce: z.string(),
  releasedAt: z.iso.datetime().optional(),
});
export type LockRecord = z.infer<typeof lockSchema>;

export interface LockOptions {
  /** @default user, host and pid of this process */
  readonly holder?: string;
  /** After this long without `renew` anyone may take the lock over. @default LOCK_SECONDS */
  readonly ttlSeconds?: number;
  /** Shown to whoever finds the lock held. */
  readonly what: string;
}

export interface Lock {
  /** Grows with each holder: what carries an older one comes from someone who lost the lock. */
  readonly token: number;
  readonly record: LockRecord;
  readonly ttlSeconds: number;
  /** Moves the expiry. Throws `LOCK-LOST` (exit 6) when someone else took the lock over. */
  renew(): Promise<void>;
  /** Frees the lock if it is still ours; never someone else's. */
  release(): Promise<void>;
}

/** Each lost attempt means that somebody else wrote: ten in a row are a fault of the store. */
const ATTEMPTS = 10;

interface Observed {
  readonly etag: string;
  /** Undefined for an object that is not a lock. */
  readonly record: LockRecord | undefined;
}

async function inspect(store: ObjectStore, key: string): Promise<Observed | undefined> {
  const object = await store.get(key);
  if (object === undefined) return undefined;
  return { etag: object.etag, record: lockSchema.safeParse(parseJson(object.body.toString('utf8'))).data };
}

/** A process of this machine is asked itself, whatever the clocks say; of another's the lease decides, by the repository's clock. */
function isFree(record: LockRecord, now: Date): boolean {
  if (record.releasedAt !== undefined || isSurelyDead(record.process)) return true;
  return !isSurelyAlive(record.process) && new Date(record.expiresAt) <= now;
}

/** `LOCKED` (exit 6) with the holder, what it does, since when and until when. */
export function lockHeld(key: string, record: LockRecord | undefined, now: Date): DrError {
  const name = basename(key, '.json');
  if (record === undefined) {
    return precondition({
      code: 'LOCKED',
      where: name,
      fact: `${key} is not a lock that this version can read`,
      hint: `if nobody works on it: dr unlock ${name}`,
    });
  }
  const { holder, what, since, expiresAt } = record;
  const left = formatDuration(Math.max(0, (new Date(expiresAt).getTime() - now.getTime()) / 1000));
  return precondition({
    code: 'LOCKED',
    where: name,
    fact: `held by ${holder} (${what}) since ${since}, until ${expiresAt} unless renewed`,
    hint: `wait for it (at least ${left}); if that process is surely dead: dr unlock ${name}`,
  });
}

const textOf = (record: LockRecord): string => `${JSON.stringify(record, undefined, 2)}\n`;

class HeldLock implements Lock {
  readonly ttlSeconds: number;
  readonly #store: ObjectStore;
  readonly #key: string;
  #record: LockRecord;
  #etag: string;
  /** One write after the other: each needs the etag of the one before. */
  #last: Promise<unknown> = Promise.resolve();
  #over = false;

  constructor(store: ObjectStore, key: string, made: { ttlSeconds: number; record: LockRecord; etag: string }) {
    this.#store = store;
    this.#key = key;
    this.ttlSeconds = made.ttlSeconds;
    this.#record = made.record;
    this.#etag = made.etag;
  }

  get token(): number {
    return this.#record.token;
  }

  get record(): LockRecord {
    return this.#record;
  }

  renew(): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#over) throw await this.#lost();
      const now = await repositoryNow(this.#store);
      const expiresAt = new Date(now.getTime() + this.ttlSeconds * 1000).toISOString();
      if (!(await this.#write({ ...this.#record, expiresAt }))) throw await this.#lost();
    });
  }

  release(): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#over) return;
      await this.#write({ ...this.#record, releasedAt: new Date().toISOString() });
      this.#over = true;
    });
  }

  async #write(record: LockRecord): Promise<boolean> {
    try {
      const { etag } = await this.#store.put(this.#key, textOf(record), { kind: 'etag', etag: this.#etag });
      this.#record = record;
      this.#etag = etag;
      return true;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // A copy or a backup of a folder may change a file's times and so its etag, but not whose lock it is.
      const observed = await inspect(this.#store, this.#key);
      if (observed?.record?.nonce === this.#record.nonce && observed.etag !== this.#etag) {
        this.#etag = observed.etag;
        return this.#write(record);
      }
      this.#over = true;
      return false;
    }
  }

  async #lost(): Promise<DrError> {
    const found = (
      await inspect(this.#store, this.#key).catch(ignoring('the name of the taker only helps; the loss is certain'))
    )?.record;
    const taker = found && found.nonce !== this.#record.nonce ? ` by ${found.holder} (${found.what})` : '';
    return precondition({
      code: 'LOCK-LOST',
      where: basename(this.#key, '.json'),
      fact: `the lock of ${this.#record.since} (token ${this.token}) was released or taken over${taker}`,
      hint: 'nothing more is changed here; when nobody else works on it, run the same command again',
    });
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(ignoring('whoever called gets this error; the next write only comes after it'));
    return next;
  }
}

/**
 * Takes a lock that is free, was released, has expired, or whose holder on this machine is dead.
 * Throws `LOCKED` (exit 6) with the holder, what it does, since when and until when.
 */
export async function acquireLock(store: ObjectStore, key: string, options: LockOptions): Promise<Lock> {
  const { what, holder = holderName(), ttlSeconds = LOCK_SECONDS } = options;
  for (let attempt = 0; ; attempt += 1) {
    const found = await inspect(store, key);
    const now = await repositoryNow(store);
    if (found && (found.record === undefined || !isFree(found.record, now))) throw lockHeld(key, found.record, now);
    const record: LockRecord = {
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Lock',
      token: (found?.record?.token ?? 0) + 1,
      holder,
      what,
      since: new Date().toISOString(),
      expiresAt: new Date(now.getTime() + ttlSeconds * 1000).toISOString(),
      process: thisProcess(),
      nonce: randomUUID(),
    };
    try {
      const condition = found ? ({ kind: 'etag', etag: found.etag } as const) : ({ kind: 'absent' } as const);
      const { etag } = await store.put(key, textOf(record), condition);
      return new HeldLock(store, key, { ttlSeconds, record, etag });
    } catch (error) {
      // Someone else was faster: the next attempt tells who.
      if (!(error instanceof ConditionFailed) || attempt >= ATTEMPTS) throw error;
    }
  }
}

/** Undefined where nobody holds it. Throws `LOCKED` for an object that is not a lock. */
export async function readLock(store: ObjectStore, key: string): Promise<LockRecord | undefined> {
  const found = await inspect(store, key);
  if (found === undefined) return undefined;
  const now = await repositoryNow(store);
  if (found.record === undefined) throw lockHeld(key, undefined, now);
  return isFree(found.record, now) ? undefined : found.record;
}

/** Frees a lock whoever holds it: that holder's next `renew` fails. Returns whom it was taken from. */
export async function breakLock(store: ObjectStore, key: string): Promise<LockRecord | undefined> {
  const found = await inspect(store, key);
  if (found === undefined || found.record?.releasedAt !== undefined) return undefined;
  const now = new Date().toISOString();
  const nobody: LockRecord = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Lock',
    // An object that is not a lock has no token: seconds since 1970 are more than any counter has reached.
    token: found.record?.token ?? Math.floor(Date.now() / 1000),
    holder: holderName(),
    what: 'dr unlock',
    since: now,
    expiresAt: now,
    process: thisProcess(),
    nonce: randomUUID(),
    releasedAt: now,
  };
  await store.put(key, textOf(nobody), { kind: 'etag', etag: found.etag });
  return found.record;
}
