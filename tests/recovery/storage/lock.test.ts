import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import { isSurelyDead, thisProcess } from '../../../recovery/core/holder.ts';
import { activeLeases, leasePoint } from '../../../recovery/storage/lease.ts';
import { acquireLock, breakLock, type LockRecord, readLock } from '../../../recovery/storage/lock.ts';
import type { ObjectStore } from '../../../recovery/storage/object-store.ts';
import { openPosixStore } from '../../../recovery/storage/posix/store.ts';
import { withHeldLock, withLock } from '../../../recovery/storage/with-lock.ts';
import { scratch } from '../../scratch.ts';
import { idAt } from '../points/point-fixture.ts';

const keys = layout('production');
const KEY = keys.lock('restore');
const options = { ttlSeconds: 60, what: 'dr restore --to latest' };

let store: ObjectStore;
beforeEach(async () => {
  store = openPosixStore(await scratch());
});

/** Rewrites the lock as a holder elsewhere, or long ago, would have left it. */
async function alter(change: Partial<LockRecord>): Promise<void> {
  const object = await store.get(KEY);
  const record = JSON.parse(object?.body.toString() ?? '{}') as LockRecord;
  await store.put(KEY, JSON.stringify({ ...record, ...change }));
}

const elsewhere = { ...thisProcess(), host: 'other-host', pid: 1 };

describe('a lock', () => {
  test('F27: the second gets the holder’s name, what it does and since when', async () => {
    const lock = await acquireLock(store, KEY, options);
    const second = acquireLock(store, KEY, options);
    await expect(second).rejects.toMatchObject({ code: 'LOCKED', exit: 6, where: 'restore' });
    await expect(second).rejects.toThrow(
      `@${hostname()} pid ${process.pid} (dr restore --to latest) since ${lock.record.since}`,
    );
    await expect(second).rejects.toHaveProperty('hint', expect.stringContaining('dr unlock restore'));
    expect(await readLock(store, KEY)).toEqual(lock.record);
  });

  test('of many who want it at once, one gets it', async () => {
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => acquireLock(store, KEY, options)));
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
    for (const r of results) if (r.status === 'rejected') expect(r.reason).toMatchObject({ code: 'LOCKED' });
  });

  test('is free after its release, and the token grows', async () => {
    const first = await acquireLock(store, KEY, options);
    await first.release();
    expect(await readLock(store, KEY)).toBeUndefined();
    const second = await acquireLock(store, KEY, options);
    expect([first.token, second.token]).toEqual([1, 2]);
    await first.release();
    await expect(first.renew()).rejects.toMatchObject({ code: 'LOCK-LOST' });
    expect(await readLock(store, KEY)).toMatchObject({ token: 2 });
  });

  test('that expired is taken over; its old holder can neither renew nor release it', async () => {
    const first = await acquireLock(store, KEY, { ...options, ttlSeconds: 0 });
    const second = await acquireLock(store, KEY, { ...options, holder: 'anna@ops' });
    expect(second.token).toBe(2);
    await expect(first.renew()).rejects.toMatchObject({
      code: 'LOCK-LOST',
      exit: 6,
      fact: expect.stringContaining('anna@ops'),
    });
    await first.release();
    expect(await readLock(store, KEY)).toMatchObject({ token: 2, holder: 'anna@ops' });
  });

  test('is renewed again and again, also after something touched the file', async () => {
    const lock = await acquireLock(store, KEY, options);
    const before = lock.record.expiresAt;
    await Promise.all([lock.renew(), lock.renew()]);
    await alter({});
    await lock.renew();
    expect(lock.record.expiresAt >= before).toBe(true);
    expect(lock.token).toBe(1);
    await lock.release();
    expect(await readLock(store, KEY)).toBeUndefined();
  });

  test('of a dead process of this machine is taken over at once', async () => {
    await acquireLock(store, KEY, options);
    const dead = spawnSync('true').pid;
    await alter({ process: { ...thisProcess(), pid: dead } });
    expect((await acquireLock(store, KEY, options)).token).toBe(2);
  });

  test.each([
    ['another host', elsewhere],
    ['before a reboot, or another host of this name', { ...thisProcess(), pid: 4194305, boot: 'other' }],
    ['another container', { ...thisProcess(), pid: 4194305, pidNamespace: 'pid:[1]' }],
  ])('of %s stands until it expires', async (_, process) => {
    await acquireLock(store, KEY, options);
    await alter({ process });
    await expect(acquireLock(store, KEY, options)).rejects.toMatchObject({ code: 'LOCKED' });
    await alter({ process, expiresAt: new Date(Date.now() - 1).toISOString() });
    expect((await acquireLock(store, KEY, options)).token).toBe(2);
  });

  test('can be broken by hand', async () => {
    const lock = await acquireLock(store, KEY, options);
    expect(await breakLock(store, KEY)).toEqual(lock.record);
    expect(await breakLock(store, KEY)).toBeUndefined();
    await expect(lock.renew()).rejects.toMatchObject({ code: 'LOCK-LOST' });
    expect((await acquireLock(store, KEY, options)).token).toBe(2);
  });

  test('that is garbage holds, until it is broken', async () => {
    await store.put(KEY, '{"kind":"Lo');
    await expect(acquireLock(store, KEY, options)).rejects.toMatchObject({ code: 'LOCKED', exit: 6 });
    await expect(readLock(store, KEY)).rejects.toMatchObject({ code: 'LOCKED' });
    await breakLock(store, KEY);
    expect((await acquireLock(store, KEY, options)).token).toBeGreaterThan(1_000_000_000);
  });
});

describe('work under a lock', () => {
  test('is done while the lock is held, and it is released also when the work fails', async () => {
    const held = await withLock(store, KEY, options, async () => (await readLock(store, KEY))?.what);
    expect(held).toBe('dr restore --to latest');
    const failing = withLock(store, KEY, options, () => Promise.reject(new Error('engine failed')));
    await expect(failing).rejects.toThrow('engine failed');
    expect(await readLock(store, KEY)).toBeUndefined();
  });

  test('outlives its time to live by renewing', async () => {
    const lock = await acquireLock(store, KEY, { ...options, ttlSeconds: 0.3 });
    const first = lock.record.expiresAt;
    await withHeldLock(lock, async () => {
      while (Date.now() < new Date(first).getTime() + 200) await new Promise((resolve) => setTimeout(resolve, 20));
      await expect(acquireLock(store, KEY, options)).rejects.toMatchObject({ code: 'LOCKED' });
    });
  });

  test('is told when the lock is lost', async () => {
    const work = withLock(store, KEY, { ...options, ttlSeconds: 0.3 }, async (_, signal) => {
      await breakLock(store, KEY);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      signal.throwIfAborted();
    });
    await expect(work).rejects.toMatchObject({ code: 'LOCK-LOST' });
  });
});

test('a living process is never called dead', () => {
  expect(isSurelyDead(thisProcess())).toBe(false);
  expect(isSurelyDead({ ...thisProcess(), started: '1' })).toBe(true);
});

describe('a lease', () => {
  const point = idAt('2026-11-23T02:00:00Z');

  test('names its point and holder until it is released', async () => {
    const lease = await leasePoint(store, keys, { point, holder: 'root@host pid 7', ttlSeconds: 60 });
    await leasePoint(store, keys, { point, holder: 'anna@ops', ttlSeconds: 60 });
    const active = await activeLeases(store, keys);
    expect(active.map((l) => [l.point, l.holder])).toEqual([
      [point, 'anna@ops'],
      [point, 'root@host pid 7'],
    ]);
    await lease.release();
    expect((await activeLeases(store, keys)).map((l) => l.holder)).toEqual(['anna@ops']);
  });

  test('runs out, unless it is renewed', async () => {
    const lease = await leasePoint(store, keys, { point, holder: 'anna', ttlSeconds: 10 });
    const later = new Date(new Date(lease.record.expiresAt).getTime() + 1);
    expect(await activeLeases(store, keys, later)).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 3));
    await lease.renew();
    expect(await activeLeases(store, keys, later)).toHaveLength(1);
  });

  test('that can’t be read holds its point for a day', async () => {
    await store.put(join(keys.leasesPrefix, point, 'x.json'), '{');
    expect(await activeLeases(store, keys)).toMatchObject([{ point }]);
    expect(await activeLeases(store, keys, new Date(Date.now() + 25 * 3600 * 1000))).toEqual([]);
  });
});
