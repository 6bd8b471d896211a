/** What lies in a repository and was signed by nobody: points, marks, fences, and the snapshots of runs that no point names. Reads only. */
import type { Repository, Site } from '../../config/site.ts';
import { openRestic } from '../../engines/restic/restic.ts';
import { openCatalog } from '../../points/catalog/catalog.ts';
import { readKeyring } from '../../points/catalog/keyring.ts';
import type { CatalogEntry } from '../../points/catalog/types.ts';
import { readFences } from '../../points/fence-document.ts';
import { activeLeases } from '../../storage/lease.ts';

export interface UnsignedObject {
  readonly what: 'point' | 'mark' | 'checkpoint' | 'fence';
  readonly key: string;
  readonly fact: string;
}

export interface Unsigned {
  readonly repository: string;
  readonly objects: readonly UnsignedObject[];
  /** Full ids. Snapshots of `dr backup` by their tags, of runs without a point: forged, or left by a run that died. */
  readonly snapshots: readonly string[];
  /** For people, a sentence each: what stays, and why. */
  readonly notes: readonly string[];
}

const RUN = 'run=';

function runOf(tags: readonly string[] | null | undefined): string | undefined {
  return tags?.find((tag) => tag.startsWith(RUN))?.slice(RUN.length);
}

async function unnamedSnapshots(
  site: Site,
  repository: Repository,
  entries: readonly CatalogEntry[],
  leased: ReadonlySet<string>,
): Promise<string[]> {
  const restic = openRestic(site, repository, 'restorer');
  if (!(await restic.exists())) return [];
  const named = new Set(
    entries
      .filter(({ trust, point }) => trust !== 'tampered' || leased.has(point.id))
      .flatMap(({ point }) => point.captures.flatMap((each) => (each.engine === 'restic' ? [each.snapshot] : []))),
  );
  const all = await restic.snapshots();
  return all.filter(({ id, tags }) => runOf(tags) !== undefined && !named.has(id)).map(({ id }) => id);
}

export async function findUnsigned(site: Site, repository: Repository): Promise<Unsigned> {
  const { layout } = repository;
  const catalog = await openCatalog(site, repository, 'restorer');
  const store = await repository.store('restorer');
  const { points, problems } = await catalog.review();
  const leases = await activeLeases(store, layout);
  const leased = new Set(leases.map(({ point }) => point));
  const isLeased = (key: string): boolean => [...leased].some((id) => key === layout.point(id));
  const kindOf = (key: string): UnsignedObject['what'] =>
    key.startsWith(layout.catalogPrefix) ? 'point' : key.startsWith(layout.checkpointPrefix) ? 'checkpoint' : 'mark';
  const documents = problems
    .filter(({ kind, key }) => kind === 'tampered' && !isLeased(key))
    .map(({ key, fact }) => ({ what: kindOf(key), key, fact }));
  const fences = (await readFences(store, layout, (await readKeyring(site)).keys)).flatMap(
    ({ key, fault }): UnsignedObject[] => (fault === undefined ? [] : [{ what: 'fence', key, fact: fault }]),
  );
  const doubtful = problems.filter(({ kind }) => kind === 'unreadable' || kind === 'unknown-key');
  const notes = doubtful.map(({ fact }) => `${fact}: it stays`);
  const read = problems.filter(({ kind, key }) => kind === 'tampered' && isLeased(key));
  for (const { key } of read) {
    const holder = leases.find(({ point }) => key === layout.point(point))?.holder;
    notes.push(`${key} stays, with its snapshots, while ${holder} reads it (--allow-tampered)`);
  }
  const snapshots = doubtful.length > 0 ? [] : await unnamedSnapshots(site, repository, points, leased);
  if (doubtful.length > 0) notes.push('snapshots stay too: those documents may name them');
  return { repository: repository.id, objects: [...documents, ...fences], snapshots, notes };
}
