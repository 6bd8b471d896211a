/**
 * Marks, leases and fences of a newer version of dr: named with that version, and they act where this version can't know better. A mark puts
 * its point in doubt and may be a hold, a lease keeps its point, a fence stops.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { canonicalJson } from '../../plan/digest.ts';
import type { Site } from '../../recovery/config/site.ts';
import { openCatalog } from '../../recovery/points/catalog/catalog.ts';
import { readKeyring } from '../../recovery/points/catalog/keyring.ts';
import { raiseFence, readFence } from '../../recovery/points/fence.ts';
import { resolveTarget } from '../../recovery/points/resolve/resolve.ts';
import { signDocument } from '../../recovery/points/signing.ts';
import { decidePrune } from '../../recovery/prune/decide.ts';
import { activeLeases } from '../../recovery/storage/lease.ts';
import { catalogFindings, doubtFindings } from '../../recovery/verify/catalog-findings.ts';
import { makeSite } from '../recovery/config/site-fixture.ts';
import { idAt, pointBody, resticCapture } from '../recovery/points/point-fixture.ts';
import { scratch } from '../scratch.ts';

const TIMES = ['2026-11-23T00:00:00Z', '2026-11-23T01:00:00Z', '2026-11-23T02:00:00Z'] as const;
const [FIRST, SECOND, THIRD] = TIMES.map((time) => idAt(time)) as [string, string, string];
const NOW = new Date('2026-11-23T03:00:00Z');
const LONG_AFTER = new Date('2027-11-23T03:00:00Z');
const V2 = { apiVersion: 'go-coffee-dr/v2', tools: { dr: '2.0.1' } };

let site: Site;
let folder: string;

beforeEach(async () => {
  folder = await scratch();
  site = await makeSite(folder, { repositories: ['local'] });
  const catalog = await openCatalog(site, site.repository('local'), 'writer');
  for (const time of TIMES)
    await catalog.write(pointBody(time, [resticCapture('uploads', time)], { repository: 'local' }));
});

async function put(key: string, document: object, how: 'signed' | 'unsigned'): Promise<void> {
  const file = join(folder, 'local', key);
  await mkdir(dirname(file), { recursive: true });
  const signed = how === 'signed' ? signDocument(document, (await readKeyring(site)).signingKey()) : document;
  await writeFile(file, canonicalJson(signed));
}

const review = async () => (await openCatalog(site, site.repository('local'), 'restorer')).review();

async function latest() {
  const { points: entries } = await review();
  return resolveTarget({ repository: 'local', entries, target: { kind: 'latest' }, workloads: ['uploads'], now: NOW });
}

async function kept(id: string): Promise<readonly string[]> {
  const { points: entries } = await review();
  const decided = decidePrune({
    entries,
    leased: new Set(),
    now: LONG_AFTER,
    retentionSeconds: 86_400,
    workloads: new Set(['uploads']),
  });
  return decided.find((each) => each.id === id)?.keep ?? [];
}

test.each([
  ['of another format', V2, 'legal-hold'],
  [
    'with a field more',
    { apiVersion: 'go-coffee-dr/v1', kind: 'Mark', mark: 'hold', until: 'ever', tools: { dr: '1.9.0' } },
    'hold',
  ],
])('a mark %s', async (_, document, name) => {
  const layout = site.repository('local').layout;
  await put(`${layout.marksPrefix(THIRD)}20261123T023000000Z-ffff-${name}.json`, document, 'signed');
  const { problems, points } = await review();
  expect(problems).toMatchObject([
    { kind: 'unreadable', point: THIRD, fact: expect.stringMatching(/dr (?:2\.0\.1|1\.9\.0) wrote it/) },
  ]);
  expect(catalogFindings('local', problems)).toMatchObject([{ severity: 'wrong', points: [THIRD] }]);
  expect(doubtFindings('local', points, NOW)).toEqual([]);
  const { items, warnings } = await latest();
  expect(items[0]?.point).toBe(SECOND);
  expect(warnings.join()).toMatch(/bears a mark that this version of dr can't read .*wrote it.*use that version of dr/);
  // It may be a hold.
  await put(`${layout.marksPrefix(FIRST)}20261123T023000000Z-ffff-${name}.json`, document, 'signed');
  expect(await kept(FIRST)).toContain('held');
});

test('a mark of another format that nobody with the key has signed is named, keeps its point, and changes no latest', async () => {
  const { layout } = site.repository('local');
  await put(`${layout.marksPrefix(THIRD)}20261123T023000000Z-ffff-clean.json`, V2, 'unsigned');
  expect((await review()).problems).toMatchObject([{ kind: 'unreadable', point: THIRD }]);
  expect((await latest()).items[0]?.point).toBe(THIRD);
  expect(await kept(THIRD)).toContain('held');
});

test('a lease', async () => {
  const { layout, ...repository } = site.repository('local');
  const store = await repository.store('restorer');
  const lease = {
    apiVersion: 'go-coffee-dr/v2',
    dr: '2.0.1',
    point: FIRST,
    holder: 'x',
    since: NOW.toISOString(),
    expiresAt: NOW.toISOString(),
  };
  await put(layout.lease(FIRST, 'x'), lease, 'unsigned');
  expect(await activeLeases(store, layout, LONG_AFTER)).toMatchObject([
    { point: FIRST, holder: expect.stringContaining('dr 2.0.1 (format "go-coffee-dr/v2"') },
  ]);
});

test('a fence stops where somebody with the key has signed it', async () => {
  const { layout, ...repository } = site.repository('local');
  const store = await repository.store('writer');
  const { keys, ...keyring } = await readKeyring(site);
  const of = { lineage: 'here-1', keys };
  const fence = { apiVersion: 'go-coffee-dr/v2', dr: '2.0.1', successor: 'there-1' };
  await put(layout.fence('here-1'), fence, 'unsigned');
  expect(await readFence(store, layout, of)).toBeUndefined();
  await put(layout.fence('here-1'), fence, 'signed');
  expect(await readFence(store, layout, of)).toMatchObject({
    successor: 'there-1',
    what: expect.stringContaining('dr 2.0.1 wrote it'),
  });
  const raise = { lineage: 'here-1', successor: 'elsewhere-1', what: 'x', now: NOW, key: keyring.signingKey() };
  await expect(raiseFence(store, layout, raise)).rejects.toMatchObject({ code: 'FENCE-TAKEN' });
});
