import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { openSite, type Site } from '../../../recovery/config/site.ts';
import { openRecords } from '../../../recovery/incident/records.ts';
import { readRecords, writeRecord } from '../../../recovery/records/store.ts';
import { scratch } from '../../scratch.ts';

let folder: string;
let site: Site;

const review = { by: 'Ada', about: 'review', id: 'monthly', result: 'passed' } as const;
const at = (hour: number): Date => new Date(`2026-11-30T${String(hour).padStart(2, '0')}:00:00Z`);

async function open(key = 'k1', state = 'state'): Promise<Site> {
  const repository = (id: string) => ({
    type: 'posix',
    path: join(folder, id),
    passphrases: [{ name: 'p1', from: { env: 'P' } }],
  });
  const file = join(folder, `${state}-${key}.yaml`);
  await writeFile(
    file,
    stringify({
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Environment',
      name: 'production',
      site: 'main',
      stateDir: join(folder, state),
      signingKeys: [{ name: 'k1', from: { file: join(folder, key) } }],
      folders: { uploads: { path: '/srv/uploads' } },
      repositories: { local: repository('local'), primary: repository('primary') },
    }),
  );
  return openSite(file);
}

beforeEach(async () => {
  folder = await scratch();
  await writeFile(join(folder, 'k1'), 'signing secret', { mode: 0o600 });
  await writeFile(join(folder, 'k2'), 'another secret', { mode: 0o600 });
  await mkdir(join(folder, 'local'));
  await mkdir(join(folder, 'primary'));
  site = await open();
});

const recordsIn = (id: string): Promise<string[]> =>
  readdir(join(folder, id, 'production', 'incidents', 'plan-records'));

test('a record lies in the state folder and in each repository, and another host reads it there', async () => {
  const { written, failed } = await writeRecord(site, { ...review, note: 'all read' }, at(1));
  expect([written, failed]).toEqual([['repository local', 'repository primary', 'state folder'], []]);
  const other = await readRecords(await open('k1', 'other-state'));
  expect(other.records).toEqual([{ ...review, note: 'all read', at: at(1).toISOString() }]);
  expect([other.refused, other.unread]).toEqual([[], []]);
});

test('what a repository could not take is written to it with the next record', async () => {
  await rename(join(folder, 'primary'), join(folder, 'away'));
  await writeFile(join(folder, 'primary'), 'no folder');
  expect((await writeRecord(site, review, at(1))).failed).toMatchObject([{ place: 'repository primary' }]);
  expect(await readRecords(site)).toMatchObject({
    records: [{ by: 'Ada' }],
    unread: [{ place: 'repository primary' }],
  });
  await rename(join(folder, 'primary'), join(folder, 'file'));
  await rename(join(folder, 'away'), join(folder, 'primary'));
  expect((await writeRecord(site, { ...review, id: 'annual' }, at(2))).failed).toEqual([]);
  expect(await recordsIn('primary')).toEqual(await recordsIn('local'));
});

test('one of another key, and one of a newer version, count for nothing', async () => {
  await writeRecord(await open('k2', 'forged'), review, at(1));
  const records = await openRecords(site);
  await records.append({
    log: 'plan-records',
    at: at(2),
    now: at(2),
    by: 'Ada',
    event: { type: 'plan-record', about: 'dream' } as never,
  });
  const read = await readRecords(site);
  expect(read.records).toEqual([]);
  expect(read.refused.join()).toContain('its signature does not fit its content');
  expect(read.refused.join()).toContain('this version does not know it');
});
