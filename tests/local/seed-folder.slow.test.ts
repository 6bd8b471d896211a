/** `dr restore-volume` of a folder workload with real engines: its files come back as they were, and no file that is there changes. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { withVolumes } from '../../plan/declared/volumes.ts';
import { productionPlan } from '../../plan/production.ts';
import { openSite } from '../../recovery/config/site.ts';
import { openCatalog } from '../../recovery/points/catalog/catalog.ts';
import { folderFingerprint } from '../../recovery/workloads/files/fingerprint.ts';
import { drEnds, editEnvironment, type Golden, withGolden } from '../faults/golden.ts';

const MARK = '.go-coffee-dr-seed.json';
const SEED = ['restore-volume', 'uploads', '--from', 'secondary'];

async function emptyFolder(golden: Golden) {
  const site = await golden.emptySite('second', { workloads: ['uploads'] });
  const folder = site.paths.folder('uploads');
  await mkdir(folder, { recursive: true });
  return { site, folder };
}

/** Without the mark. */
async function contentOf(folder: string) {
  const { entries } = await folderFingerprint(folder);
  return entries.filter(({ path }) => path !== MARK);
}

test('an empty folder is filled with every file of the point; then it is left alone, without the repository', async () => {
  await withGolden(async (golden) => {
    const { site, folder } = await emptyFolder(golden);
    // A file system of its own has this.
    await mkdir(join(folder, 'lost+found'));
    const { stdout } = await drEnds(0, site.envFile, [...SEED, '-o', 'json']);
    const { entries, bytes } = golden.facts.folders.uploads;
    expect(JSON.parse(stdout)).toMatchObject({
      workload: 'uploads',
      decision: 'fill',
      files: entries.length,
      bytes,
      mark: { life: 'second-1', from: { repository: 'secondary' } },
    });
    expect(await contentOf(folder)).toEqual(entries);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([MARK]);

    await writeFile(join(folder, 'since.jpg'), 'then');
    await rename(golden.repositories, `${golden.repositories}.away`);
    const again = await drEnds(0, site.envFile, SEED);
    expect(again.stdout).toContain('holds the data of second-1');
    expect(await readFile(join(folder, 'since.jpg'), 'utf8')).toBe('then');
  });
});

test('another folder, another life, a workload without a place', async () => {
  await withGolden(async (golden) => {
    const { site, folder } = await emptyFolder(golden);
    const into = join(golden.folder, 'mounted');
    const gone = await drEnds(2, site.envFile, [...SEED, '--into', into]);
    expect(gone.stderr).toContain(`DR-SEED-NO-VOLUME ${into}: can't be read (ENOENT)`);
    await mkdir(into);
    await drEnds(0, site.envFile, [...SEED, '--into', into]);
    expect(await contentOf(into)).toEqual(golden.facts.folders.uploads.entries);
    expect(await readdir(folder)).toEqual([]);

    // Another site must not go on with the files of this one.
    const environment = parse(await readFile(site.envFile, 'utf8')) as Record<string, unknown>;
    await writeFile(site.envFile, stringify({ ...environment, site: 'third' }));
    const other = await drEnds(6, site.envFile, [...SEED, '--into', into]);
    expect(other.stderr).toContain('holds the data of second-1, and this server is third-1');
    expect(await contentOf(into)).toEqual(golden.facts.folders.uploads.entries);

    const nowhere = await drEnds(2, site.envFile, ['restore-volume', 'static-assets', '--from', 'secondary']);
    expect(nowhere.stderr).toContain('add folders.static-assets, or name the folder with --into');
    const redis = await drEnds(2, site.envFile, ['restore-volume', 'redis', '--from', 'secondary', '--into', into]);
    expect(redis.stderr).toContain('DR-SEED-INTO');
  });
});

test('a folder that is in use keeps its files and nothing is written there; a backup of it holds no mark', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const folder = source.paths.folder('uploads');
    const before = await contentOf(folder);
    const { stdout } = await drEnds(0, source.envFile, ['restore-volume', 'uploads', '--from', 'local']);
    expect(stdout).toContain('already holds data: nothing was changed');
    expect(await readdir(folder)).not.toContain(MARK);
    // As after a restore: the record names the generation, and nobody takes this for the first one.
    const record = join(source.environment.stateDir, 'lineage.json');
    const first = await readFile(record, 'utf8');
    await writeFile(record, JSON.stringify({ ...JSON.parse(first), generation: 2 }));
    const later = await drEnds(6, source.envFile, ['restore-volume', 'uploads', '--from', 'local']);
    expect(later.stderr).toContain("first-2 is not the site's first generation");
    await writeFile(record, first);
    // A stack, whose environment file names the generation, leaves its mark.
    await writeFile(join(folder, MARK), JSON.stringify({ life: 'first-1', at: new Date().toISOString() }));
    expect(await contentOf(folder)).toEqual(before);

    await drEnds(0, source.envFile, ['backup', '--kind', 'incremental', '--only', 'uploads']);
    const { site, folder: fresh } = await emptyFolder(golden);
    await drEnds(0, site.envFile, ['restore-volume', 'uploads', '--from', 'local', '-o', 'json']);
    expect(await contentOf(fresh)).toEqual(before);
    expect(JSON.parse(await readFile(join(fresh, MARK), 'utf8'))).toMatchObject({ life: 'second-1' });
  });
});

test('a pod that begins without a state copies a volume for the site, run by run, and another one fills an empty volume', async () => {
  await withGolden(async (golden) => {
    const volume = join(golden.folder, 'volume');
    await mkdir(join(volume, 'deep'), { recursive: true });
    await writeFile(join(volume, 'orders.db'), 'one');
    await writeFile(join(volume, 'deep', 'empty'), '');
    const plan = join(golden.folder, 'plan.json');
    const volumes = [{ id: 'orders', claim: 'shop/data-orders-0', tier: 'P2' as const }];
    await writeFile(plan, JSON.stringify(withVolumes(productionPlan, volumes)));
    const podOf = (site: string, generation: number, path: string) =>
      golden.emptySite(site, {
        workloads: [],
        edit: (environment) => ({ ...environment, plan, mover: true, generation, folders: { orders: { path } } }),
      });
    const copy = ['backup', '--only', 'orders', '--kind'];
    const pod = await podOf('first', 1, volume);
    const site = await openSite(pod.envFile);
    const copied = async (kind: string) => {
      await drEnds(0, pod.envFile, [...copy, kind]);
      return (await (await openCatalog(site, site.repository('secondary'), 'writer')).points()).map(
        ({ point }) => point,
      );
    };
    const first = await copied('full');
    await writeFile(join(volume, 'orders.db'), 'one, two');
    await rm(pod.environment.stateDir, { recursive: true });
    const second = await copied('incremental');
    // One history, by the key of the host that was there first.
    expect(second).toHaveLength(first.length + 1);
    expect(new Set(second.map(({ origin }) => origin?.id)).size).toBe(1);

    const early = await podOf('early', 2, volume);
    await editEnvironment(early.envFile, (environment) => ({ ...environment, site: 'first' }));
    expect((await drEnds(6, early.envFile, [...copy, 'full'])).stderr).toContain('DR-MOVER-TOO-EARLY');

    const empty = join(golden.folder, 'empty');
    await mkdir(empty);
    const filler = await podOf('second', 1, empty);
    await drEnds(0, filler.envFile, ['restore-volume', 'orders', '--from', 'secondary']);
    expect(await contentOf(empty)).toEqual(await contentOf(volume));
  });
});
