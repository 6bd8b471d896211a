/**
 * An intruder who may write a snapshot gives it a backup's host, path and tags. restic would compare the next backup with it and take its
 * files unread. Only the snapshot of a signed point is a parent; without one every file is read.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSite } from '../../recovery/config/site.ts';
import { openRestic, type Restic } from '../../recovery/engines/restic/restic.ts';
import { openCatalog } from '../../recovery/points/catalog/catalog.ts';
import { drEnds, type Golden, withGolden } from './golden.ts';

/** As restic stores it. */
async function parentOf(restic: Restic, snapshot: string): Promise<string | undefined> {
  const { stdout } = await restic.run(['cat', 'snapshot', snapshot]);
  return (JSON.parse(stdout) as { parent?: string }).parent;
}

async function snapshotIn(envFile: string, point: string): Promise<string> {
  const site = await openSite(envFile);
  const entry = await (await openCatalog(site, site.repository('local'), 'restorer')).get(point);
  const capture = entry?.point.captures.find(({ workload }) => workload === 'uploads');
  return capture?.engine === 'restic' ? capture.snapshot : '';
}

async function backUp(envFile: string): Promise<string> {
  const args = ['backup', '--kind', 'incremental', '--only', 'uploads', '-o', 'json'];
  const { stdout } = await drEnds(0, envFile, args);
  return (JSON.parse(stdout) as { runId: string }).runId;
}

/** Signed with another key. */
async function forgePoint({ repositories, facts }: Golden, snapshot: string): Promise<void> {
  const folder = join(repositories, 'local/drill/catalog/v1/points');
  const { incremental } = facts.points;
  const point = JSON.parse(await readFile(join(folder, `${incremental}.json`), 'utf8'));
  const later = incremental.replace(/^\d{4}/, (year) => String(Number(year) + 1));
  for (const capture of point.captures) if (capture.workload === 'uploads') capture.snapshot = snapshot;
  await writeFile(join(folder, `${later}.json`), JSON.stringify({ ...point, id: later }));
}

test('a forged snapshot of the same host, path and tags is no parent', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const site = await openSite(source.envFile);
    const restic = openRestic(site, site.repository('local'), 'writer');
    const path = site.environment.folders.uploads?.path ?? '';
    const signed = await snapshotIn(source.envFile, golden.facts.points.incremental);
    const tags = ['workload=uploads', `run=${golden.facts.points.incremental}`, 'site=first'];
    const { stdout } = await restic.run([
      ...['backup', '--json', '--force', '--host', 'first', path],
      ...tags.flatMap((tag) => ['--tag', tag]),
    ]);
    const forged = /"snapshot_id":"([0-9a-f]+)"/.exec(stdout)?.[1] ?? '';
    await forgePoint(golden, (await restic.snapshots({ ids: [forged] }))[0]?.id ?? '');
    expect(await parentOf(restic, await snapshotIn(source.envFile, await backUp(source.envFile)))).toBe(signed);

    // Every file is read where the parent is gone.
    const newest = await snapshotIn(source.envFile, (await newestPoint(source.envFile)) ?? '');
    await restic.run(['forget', newest]);
    const after = await snapshotIn(source.envFile, await backUp(source.envFile));
    expect(await parentOf(restic, after)).toBeUndefined();
  });
});

async function newestPoint(envFile: string): Promise<string | undefined> {
  const site = await openSite(envFile);
  const entries = await (await openCatalog(site, site.repository('local'), 'restorer')).points();
  return entries.findLast(({ trust }) => trust === 'ok')?.point.id;
}
