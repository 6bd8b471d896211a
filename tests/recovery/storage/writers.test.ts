import { beforeEach, expect, test } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import { thisProcess } from '../../../recovery/core/holder.ts';
import { acquireLock, type LockRecord } from '../../../recovery/storage/lock.ts';
import type { ObjectStore } from '../../../recovery/storage/object-store.ts';
import { openPosixStore } from '../../../recovery/storage/posix/store.ts';
import { forgetWriter, pruningLock, refuseWriters, registerWriter } from '../../../recovery/storage/writers.ts';
import { scratch } from '../../scratch.ts';

const keys = layout('production');
const run = { id: '20261123T020000Z-full-7f3a', what: 'dr backup --kind full', waitSeconds: 0 };
const KEY = keys.lock(`writer-${run.id}`);

let store: ObjectStore;
beforeEach(async () => {
  store = openPosixStore(await scratch());
});

test('a prune is refused while a backup writes, from whatever host, and told which', async () => {
  const lock = await registerWriter(store, keys, run);
  const object = await store.get(KEY);
  const record = JSON.parse(object?.body.toString() ?? '') as LockRecord;
  await store.put(KEY, JSON.stringify({ ...record, process: { ...thisProcess(), host: 'other-host' } }));
  await expect(refuseWriters(store, keys)).rejects.toMatchObject({
    code: 'LOCKED',
    exit: 6,
    fact: expect.stringContaining('dr backup --kind full'),
  });
  await forgetWriter(store, keys, run.id, lock);
  await refuseWriters(store, keys);
  expect(await store.list(keys.locksPrefix)).toEqual([]);
});

test('two backups write side by side', async () => {
  const first = await registerWriter(store, keys, run);
  const second = await registerWriter(store, keys, { ...run, id: '20261123T020001Z-full-7f3b' });
  expect([first.token, second.token]).toEqual([1, 1]);
});

test('a backup waits for a prune, and leaves nothing behind when it waited in vain', async () => {
  const prune = await acquireLock(store, pruningLock(keys), { what: 'dr prune (local)' });
  await expect(registerWriter(store, keys, run)).rejects.toMatchObject({
    code: 'LOCKED',
    fact: expect.stringContaining('dr prune (local)'),
  });
  expect(await store.get(KEY)).toBeUndefined();
  const waiting = registerWriter(store, keys, { ...run, waitSeconds: 20 });
  await prune.release();
  await forgetWriter(store, keys, run.id, await waiting);
});

test('what a killed backup left is removed once its lease is over', async () => {
  const dead = { ...thisProcess(), host: 'other-host' };
  await registerWriter(store, keys, run);
  const record = JSON.parse((await store.get(KEY))?.body.toString() ?? '') as LockRecord;
  await store.put(KEY, JSON.stringify({ ...record, process: dead, expiresAt: new Date(Date.now() - 1).toISOString() }));
  await refuseWriters(store, keys);
  expect(await store.get(KEY)).toBeUndefined();
});
