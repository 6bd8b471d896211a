/** Leases run by the repository's clock, and a living holder on this host never loses its lock, whatever the clocks say. */
import { spawn } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import { isSurelyAlive, thisProcess } from '../../../recovery/core/holder.ts';
import { startedAt } from '../../../recovery/core/pids.ts';
import { activeLeases, leasePoint } from '../../../recovery/storage/lease.ts';
import { acquireLock, type LockRecord } from '../../../recovery/storage/lock.ts';
import type { ObjectStore } from '../../../recovery/storage/object-store.ts';
import { openPosixStore } from '../../../recovery/storage/posix/store.ts';
import { scratch } from '../../scratch.ts';

const keys = layout('production');
const KEY = keys.lock('restore');
const options = { ttlSeconds: 60, what: 'dr restore --to latest' };
const HOUR_MS = 3_600_000;

async function heldBy(store: ObjectStore, process: LockRecord['process'], expiresAt?: Date): Promise<void> {
  const lock = await acquireLock(store, KEY, options);
  const record = { ...lock.record, process, ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}) };
  await store.put(KEY, JSON.stringify(record));
}

/** This process's `Date` is shifted, as by a wrong clock of the host; the file system's is not. */
async function withShift<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
  try {
    return await work();
  } finally {
    vi.useRealTimers();
  }
}

test('a living holder on this host is never expired; a dead one is at once', async () => {
  const store = openPosixStore(await scratch());
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  const holder = { ...thisProcess(), pid, started: startedAt(pid) };
  expect(isSurelyAlive(holder)).toBe(true);
  await heldBy(store, holder, new Date(Date.now() - HOUR_MS));
  await expect(acquireLock(store, KEY, options)).rejects.toMatchObject({ code: 'LOCKED', exit: 6 });
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  expect((await acquireLock(store, KEY, options)).token).toBe(2);
});

test.each([HOUR_MS, -HOUR_MS, 400 * 24 * HOUR_MS])(
  'a host whose clock is off by %d ms takes no lock of another host, and gives none that is over',
  async (shift) => {
    const store = openPosixStore(await scratch());
    const elsewhere = { ...thisProcess(), host: 'other-host' };
    await heldBy(store, elsewhere);
    await withShift(shift, () => expect(acquireLock(store, KEY, options)).rejects.toMatchObject({ code: 'LOCKED' }));

    const own = openPosixStore(await scratch());
    await withShift(shift, () => heldBy(own, elsewhere));
    await expect(acquireLock(own, KEY, options)).rejects.toMatchObject({ code: 'LOCKED' });
  },
);

test('a host that is behind leases for a time that is not over', async () => {
  const store = openPosixStore(await scratch());
  await withShift(-400 * 24 * HOUR_MS, () => leasePoint(store, keys, { point: 'p', holder: 'h' }));
  expect(await activeLeases(store, keys)).toHaveLength(1);
});
