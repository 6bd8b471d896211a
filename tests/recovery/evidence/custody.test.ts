/** The custody log of evidence: entries are never lost, and what somebody changes, removes or forges shows. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import { appendCustody, readCustody } from '../../../recovery/evidence/custody.ts';
import { parseSum, sumLine } from '../../../recovery/evidence/digests.ts';
import { openPosixStore } from '../../../recovery/storage/posix/store.ts';
import { makeScratch } from '../../scratch.ts';

const KEY = { name: 'points-1', secret: 'a signing key' };
const FORGED = { name: 'points-1', secret: 'another key' };
const keys = layout('drill');
const act = (what: string) => ({ at: new Date('2026-12-01T02:00:00Z'), by: 'Ada', host: 'fra1', what });

test('two people write at once, and both entries stand; what is changed afterwards shows', async () => {
  const { folder, remove } = await makeScratch();
  try {
    const store = openPosixStore(folder);
    const append = (what: string, key = KEY) => appendCustody(store, keys, 'one', act(what), key);
    await append('collected');
    await Promise.all([append('verified'), append('held')]);
    const whole = await readCustody(store, keys, 'one', [KEY]);
    expect(whole.faults).toEqual([]);
    expect(whole.entries.map(({ what }) => what).sort()).toEqual(['collected', 'held', 'verified']);
    expect((await readCustody(store, keys, 'one', [])).faults[0]).toContain('unknown key "points-1"');

    const file = (number: number): string => join(folder, keys.custody('one', number));
    await append('forged', FORGED);
    expect((await readCustody(store, keys, 'one', [KEY])).faults).toEqual(['000004.json: its signature is wrong']);
    await rm(file(4));
    await rm(file(2));
    expect((await readCustody(store, keys, 'one', [KEY])).faults).toEqual(['000003.json: entry 2 is missing']);
    await writeFile(file(2), '{}');
    expect((await readCustody(store, keys, 'one', [KEY])).faults[0]).toContain('is no entry of a custody log');
    expect((await readCustody(store, keys, 'two', [KEY])).faults).toEqual(['the custody log is empty']);
  } finally {
    await remove();
  }
});

test('names of files survive SHA256SUMS', () => {
  const sha256 = 'a'.repeat(64);
  for (const path of ['/var/log/x', '/with  spaces', '/back\\slash', '/line\nbreak']) {
    expect(parseSum(sumLine({ sha256, path }))).toEqual({ sha256, path });
  }
  expect(sumLine({ sha256, path: '/a\\b' })).toBe(`\\${sha256}  /a\\\\b`);
  expect(parseSum('no sum')).toBeUndefined();
});
