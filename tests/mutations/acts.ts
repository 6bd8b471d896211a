/** Damage that is more than one file: whole folders, forged and replayed points, clocks. Each acts on the repository `local`. */
import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Golden } from '../faults/golden.ts';

type Act = (golden: Golden) => Promise<void>;

const local = (golden: Golden, ...path: readonly string[]): string => join(golden.repositories, 'local/drill', ...path);
const points = (golden: Golden, ...path: readonly string[]): string => local(golden, 'catalog/v1/points', ...path);

const remove =
  (...path: readonly string[]): Act =>
  (golden) =>
    rm(local(golden, ...path), { recursive: true });

const renamed =
  (...path: readonly string[]): Act =>
  (golden) =>
    rename(local(golden, ...path), `${local(golden, ...path)}.old`);

const docOf = async (golden: Golden, id: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(points(golden, `${id}.json`), 'utf8')) as Record<string, unknown>;

/** A point document under another id, which is said in it too. */
async function forged(golden: Golden, id: string, change: Readonly<Record<string, unknown>>): Promise<void> {
  const doc = { ...(await docOf(golden, golden.facts.points.incremental)), id, ...change };
  await writeFile(points(golden, `${id}.json`), JSON.stringify(doc));
}

/** Later than every point of the golden site, by the rules for ids. */
function laterId({ facts }: Golden): string {
  return facts.points.incremental.replace(/^\d{4}/, (year) => String(Number(year) + 1));
}

export const ACTS: Readonly<Record<string, Act>> = {
  'the catalog is gone': remove('catalog'),
  'all points are gone': remove('catalog/v1/points'),
  'the folder of points is renamed': renamed('catalog/v1/points'),
  'the sets are gone': remove('pgbackrest/first-1/backup'),
  'the archive is gone': remove('pgbackrest/first-1/archive'),
  'the lineage is renamed': renamed('pgbackrest/first-1'),
  'the packs are gone': remove('restic/data'),
  'the index is gone': remove('restic/index'),
  'the snapshots are gone': remove('restic/snapshots'),
  'the keys are gone': remove('restic/keys'),
  'everything is gone': remove(),
  'the other repository’s catalog is put in place': async (golden) => {
    await rm(local(golden, 'catalog'), { recursive: true });
    await cp(join(golden.repositories, 'secondary/drill/catalog'), local(golden, 'catalog'), { recursive: true });
  },
  'the other repository’s copies are put in place': async (golden) => {
    for (const engine of ['pgbackrest', 'restic']) {
      await rm(local(golden, engine), { recursive: true });
      await cp(join(golden.repositories, 'secondary/drill', engine), local(golden, engine), { recursive: true });
    }
  },
  'a later point with the newest one’s signature': (golden) => forged(golden, laterId(golden), {}),
  'a later point without a signature': (golden) => forged(golden, laterId(golden), { signature: undefined }),
  'a point of a newer format': (golden) => forged(golden, laterId(golden), { apiVersion: 'go-coffee-dr/v99' }),
  'the older point under the newer one’s name': async (golden) => {
    const older = await readFile(points(golden, `${golden.facts.points.full}.json`));
    await writeFile(points(golden, `${golden.facts.points.incremental}.json`), older);
  },
  'a hundred points that are noise': async (golden) => {
    const [first = ''] = await readdir(points(golden));
    for (let i = 0; i < 100; i += 1) {
      const end = createHash('sha256').update(String(i)).digest('hex').slice(0, 4);
      await writeFile(points(golden, first.replace(/[0-9a-f]{4}\.json$/, `${end}.json`)), `{"noise":${i}}`);
    }
  },
};
