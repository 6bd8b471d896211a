/** Signed events in the state folder and in the repositories: real folders, and an S3 server with the restorer's rights. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import type { Repository, Site } from '../../../recovery/config/site.ts';
import { rememberFolder } from '../../../recovery/config/used-folders.ts';
import { openIncidents } from '../../../recovery/incident/incidents.ts';
import { openRecords } from '../../../recovery/incident/records.ts';
import type { ObjectStore } from '../../../recovery/storage/object-store.ts';
import { scratch } from '../../scratch.ts';
import { makeSite } from '../config/site-fixture.ts';
import { startBucket, type TestBucket } from '../storage/s3/bucket-fixture.ts';

const NOW = new Date('2026-11-23T02:00:00Z');
const later = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);
const DECLARED = {
  scenario: 'complete-failure',
  severity: 'P1',
  severityFrom: 'given',
  exercise: false,
} as const;

async function declareIn(site: Site): Promise<string> {
  const incidents = await openIncidents(site);
  return (await incidents.declare(DECLARED, { by: 'ann', now: NOW })).id;
}

const silent = (): ObjectStore => {
  const never = () => new Promise<never>(() => {});
  return { describe: 'silent', get: never, list: never, put: never, delete: never };
};

/** Two hosts: state folders of their own, the same repositories. */
async function twoHosts(folder: string): Promise<[Site, Site]> {
  const facts = { repositories: ['local', 'secondary'] };
  const first = await makeSite(folder, facts);
  const environment = { ...first.environment, stateDir: join(folder, 'state-2') };
  return [first, { ...first, environment }];
}

test('an event lies in the state folder and in every repository, and another host reads it there', async () => {
  const folder = await scratch();
  const [first, second] = await twoHosts(folder);
  const id = await declareIn(first);
  for (const place of ['state', 'local', 'secondary'])
    expect(await readdir(join(folder, place, layout('production').incident(id)))).toHaveLength(1);
  const read = await openIncidents(second);
  expect(read.openOne()).toMatchObject({ id, declaredBy: 'ann', severity: 'P1', problems: [] });
  // Now the second host has it too, without any repository.
  await rm(join(folder, 'local'), { recursive: true });
  await rm(join(folder, 'secondary'), { recursive: true });
  expect((await openIncidents(second, { localOnly: true })).openOne().id).toBe(id);
});

test('a repository that hangs delays nobody beyond the limit, and gets the events when it answers', async () => {
  const folder = await scratch();
  const site = await makeSite(folder, { repositories: ['local', 'secondary'] });
  const hanging = await makeSite(folder, { repositories: ['local', 'secondary'], stores: { secondary: silent() } });
  const began = performance.now();
  const incidents = await openIncidents(hanging, { seconds: 0.3 });
  const { id, appended } = await incidents.declare(DECLARED, { by: 'ann', now: NOW });
  expect(performance.now() - began).toBeLessThan(20_000);
  expect(appended.written).toEqual(['repository local', 'state folder']);
  expect(appended.unreached).toMatchObject([{ place: 'repository secondary', fact: expect.stringContaining('0.3 s') }]);
  await openRecords(site);
  expect(await readdir(join(folder, 'secondary', layout('production').incident(id)))).toHaveLength(1);
});

test('no state folder: the repositories keep it; no place at all is an error', async () => {
  const folder = await scratch();
  const site = await makeSite(folder);
  await writeFile(join(folder, 'state'), 'a file where the folder should be');
  const incidents = await openIncidents(site);
  const { id, appended } = await incidents.declare(DECLARED, { by: 'ann', now: NOW });
  expect(appended.written).toEqual(['repository local']);
  expect((await openIncidents(site)).openOne().id).toBe(id);
  const alone = await openIncidents(site, { localOnly: true });
  await expect(alone.declare(DECLARED, { by: 'ann', now: NOW })).rejects.toMatchObject({ code: 'EVENT-NOT-KEPT' });
});

test('nothing is written below a mount point that is not mounted', async () => {
  const folder = await scratch();
  const site = await makeSite(folder);
  const incidents = await openIncidents(site);
  await incidents.declare(DECLARED, { by: 'ann', now: NOW });
  await rememberFolder(site, site.repository('local'), NOW);
  await rm(join(folder, 'local', 'production'), { recursive: true });
  const { unreached } = await openRecords(site);
  expect(unreached).toMatchObject([{ place: 'repository local', fact: expect.stringContaining('is not mounted') }]);
  expect(await readdir(join(folder, 'local'))).toEqual([]);
});

test('two people who update at once: both events stand, and every reader sees one order', async () => {
  const folder = await scratch();
  const hosts = await twoHosts(folder);
  const id = await declareIn(hosts[0]);
  const opened = await Promise.all(hosts.map((site) => openIncidents(site)));
  await Promise.all(
    opened.map((each, n) =>
      each.append(id, { type: 'updated', impact: `impact ${n}`, text: `text ${n}` }, { by: `p${n}`, now: later(1) }),
    ),
  );
  const readings = await Promise.all(hosts.map(async (site) => (await openIncidents(site)).get(id)));
  expect(readings[0]?.happened.map(({ event }) => event.type)).toEqual(['declared', 'updated', 'updated']);
  expect(readings[0]).toEqual(readings[1]);
  // The next event knows both.
  const third = await openIncidents(hosts[0]);
  await third.append(id, { type: 'updated', impact: 'both', text: 'x' }, { by: 'p3', now: later(0.5) });
  expect((await openIncidents(hosts[1])).get(id).impact).toBe('both');
});

test('an altered event does not count and is named; a good copy elsewhere is taken', async () => {
  const folder = await scratch();
  const [first, second] = await twoHosts(folder);
  const id = await declareIn(first);
  const key = layout('production').incident(id);
  const [name = ''] = await readdir(join(folder, 'local', key));
  const file = join(folder, 'local', key, name);
  await writeFile(file, (await readFile(file, 'utf8')).replace('"P1"', '"P4"'));
  expect((await openIncidents(second)).get(id)).toMatchObject({ severity: 'P1', problems: [] });
  await rm(join(folder, 'secondary'), { recursive: true });
  await rm(join(folder, 'state'), { recursive: true });
  await rm(join(folder, 'state-2'), { recursive: true });
  const records = await openRecords(first);
  expect(records.read(id)).toMatchObject({ records: [], problems: [{ fact: expect.stringContaining('signature') }] });
});

test('a removed event is missed, because a later one names it', async () => {
  const folder = await scratch();
  const site = await makeSite(folder);
  const id = await declareIn(site);
  const incidents = await openIncidents(site);
  const { record } = await incidents.append(id, { type: 'note', text: 'seen' }, { by: 'ann', now: later(1) });
  await incidents.append(id, { type: 'note', text: 'seen again' }, { by: 'ann', now: later(2) });
  for (const place of ['state', 'local'])
    await rm(join(folder, place, layout('production').incidentEvent(id, record.id)));
  expect((await openIncidents(site)).get(id).problems).toMatchObject([{ fact: expect.stringContaining('is gone') }]);
});

test.each([
  ['before the declaration', later(-5), 'before the declaration'],
  ['in the future', later(60), 'in the future'],
])('a time %s is refused', async (_, at, fact) => {
  const site = await makeSite(await scratch());
  const id = await declareIn(site);
  const incidents = await openIncidents(site);
  const appended = incidents.append(id, { type: 'note', text: 'x' }, { by: 'ann', at, now: later(10) });
  await expect(appended).rejects.toMatchObject({ code: 'INCIDENT-TIME', exit: 2, fact: expect.stringContaining(fact) });
});

test('no open incident, two open, a closed one, an unknown one: exit 2, and the names', async () => {
  const site = await makeSite(await scratch());
  const none = await openIncidents(site);
  expect(() => none.openOne()).toThrow(expect.objectContaining({ code: 'INCIDENT-NONE', exit: 2 }));
  const id = await declareIn(site);
  const incidents = await openIncidents(site);
  expect(() => incidents.openOne(`${id.slice(0, -1)}_`)).toThrow(
    expect.objectContaining({ code: 'INCIDENT-UNKNOWN', exit: 2, fact: expect.stringContaining(id) }),
  );
  const second = await incidents.declare(DECLARED, { by: 'ann', now: later(1) });
  expect(() => incidents.openOne()).toThrow(expect.objectContaining({ code: 'INCIDENT-SEVERAL', exit: 2 }));
  expect(incidents.openOne(id).id).toBe(id);
  const end = { type: 'resolved', services: 'all', rootCause: 'a', resolution: 'b' } as const;
  await incidents.append(id, end, { by: 'ann', now: later(2) });
  expect(() => incidents.openOne(id)).toThrow(expect.objectContaining({ code: 'INCIDENT-CLOSED', exit: 2 }));
  expect(incidents.openOne().id).toBe(second.id);
});

let bucket: TestBucket;
beforeAll(async () => {
  bucket = await startBucket('secondary');
});
afterAll(() => bucket?.[Symbol.asyncDispose]());

test('in a real bucket the restorer may add events, and may not remove one', async () => {
  const { settings, stores, folder } = bucket;
  const bare = await makeSite(folder);
  const repository: Repository = {
    id: 'secondary',
    settings,
    layout: layout('production'),
    store: async (role) => {
      // The writer is not needed.
      expect(role).toBe('restorer');
      return stores[role];
    },
  };
  const site = { ...bare, repositories: new Map([['secondary', repository]]) };
  const id = await declareIn(site);
  await rm(join(folder, 'state'), { recursive: true });
  expect((await openIncidents(site)).openOne().id).toBe(id);
  const [found] = await stores.restorer.list(layout('production').incidentsPrefix);
  await expect(stores.restorer.delete(found?.key ?? '')).rejects.toMatchObject({ code: 'REPOSITORY-DENIED' });
});
