/** The state of one repository: what it holds, what the others remember of it, and what is missing. Reads only. */
import { join } from 'node:path';
import { readLineage } from '../../config/lineage.ts';
import { folderIsThere } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { asDrError, rethrowBug } from '../../core/as-dr-error.ts';
import { DrError } from '../../core/errors.ts';
import { openPgBackRest } from '../../engines/pgbackrest/pgbackrest.ts';
import { type TwinFile, twinFilesOf } from '../../engines/pgbackrest/twin-files.ts';
import { damagedBelow } from '../../engines/restic/own-files.ts';
import { openRestic } from '../../engines/restic/restic.ts';
import { openCatalog } from '../../points/catalog/catalog.ts';
import { readKeyring } from '../../points/catalog/keyring.ts';
import { rememberedOf } from '../../points/catalog/remember.ts';
import type { CatalogEntry } from '../../points/catalog/types.ts';
import { type FenceReading, readFences } from '../../points/fence-document.ts';
import { isPostgres } from '../../points/point.ts';
import { plural } from '../../report/format.ts';

export interface LineageState {
  readonly lineage: string;
  readonly passphrase: string | undefined;
  readonly files: readonly TwinFile[];
  readonly sets: number;
}

export interface RepositoryState {
  readonly id: string;
  /** Absent where the repository could be read. */
  readonly error?: { readonly code: string; readonly fact: string; readonly hint: string };
  readonly points: number;
  readonly newest?: { readonly id: string; readonly sequence: number | null };
  /** Key → how many of the points it signed. */
  readonly signingKeys: Readonly<Record<string, number>>;
  /** What the other repositories remember as its newest point. */
  readonly remembered: readonly { readonly by: string; readonly at: string; readonly point?: string }[];
  readonly restic?: { readonly passphrase: string; readonly snapshots: number };
  readonly lineages: readonly LineageState[];
  readonly fences: readonly { readonly lineage: string; readonly successor: string }[];
  /** What is wrong or missing, a sentence each. */
  readonly faults: readonly string[];
}

const NOTHING = { points: 0, signingKeys: {}, remembered: [], lineages: [], fences: [], faults: [] };

interface Part<T> {
  readonly state: T;
  readonly faults: readonly string[];
}

/** A part that can't be read is a fault, and the others are still told. */
async function part<T>(what: string, otherwise: T, work: () => Promise<Part<T>>): Promise<Part<T>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return { state: otherwise, faults: [`${what}: ${error.fact.split('\n')[0]}`] };
  }
}

/** Without its index restic finds nothing of what its snapshots name. Each command of restic reads it too. */
async function indexFaults(repository: Repository): Promise<string[]> {
  const store = await repository.store('restorer');
  const { restic } = repository.layout;
  const damaged = await damagedBelow(store, `${restic}/index`);
  if (damaged.length > 0) return [`restic: damaged: ${damaged.join(', ')}`];
  const [indexes, snapshots] = await Promise.all(
    ['index', 'snapshots'].map((folder) => store.list(`${restic}/${folder}/`)),
  );
  const lacks = (snapshots?.length ?? 0) > 0 && (indexes?.length ?? 0) === 0;
  return lacks ? [`restic: ${restic}/index/ is empty: its index is gone`] : [];
}

async function resticState(
  site: Site,
  repository: Repository,
  trusted: readonly CatalogEntry[],
): Promise<Part<RepositoryState['restic']>> {
  const named = new Set(
    trusted.flatMap(({ point }) => point.captures.flatMap((each) => (isPostgres(each) ? [] : [each.snapshot]))),
  );
  const restic = openRestic(site, repository, 'restorer');
  if (!(await restic.exists())) {
    return { state: undefined, faults: named.size === 0 ? [] : ['restic: its repository is gone'] };
  }
  const present = new Set((await restic.snapshots()).map(({ id }) => id));
  const missing = [...named].filter((id) => !present.has(id));
  const gone =
    missing.length === 0
      ? []
      : [`restic: ${plural(missing.length, 'snapshot')} that points name ${missing.length === 1 ? 'is' : 'are'} gone`];
  const faults = [...gone, ...(await indexFaults(repository))];
  return { state: { passphrase: await restic.passphrase(), snapshots: present.size }, faults };
}

async function lineageState(
  site: Site,
  repository: Repository,
  { lineage, named }: { readonly lineage: string; readonly named: ReadonlySet<string> },
): Promise<Part<LineageState>> {
  const { passphrase, files } = await twinFilesOf(site, repository, { lineage, sets: named });
  const broken = files.filter(({ state }) => state !== 'ok');
  const faults = broken.map(({ key, state, twin }) =>
    twin === undefined ? `${key} is ${state}, and so is its copy` : `${key} is ${state}; ${twin} is good`,
  );
  const folder = join(site.environment.stateDir, 'repository', `${repository.id}-${lineage}`);
  const unused = '/nonexistent';
  const postgres = { dataDir: unused, socketDir: unused, port: 5432, user: 'postgres', database: 'postgres' };
  const pg = await openPgBackRest(site, {
    lineage,
    repositories: [repository],
    role: 'restorer',
    folder,
    postgres: site.environment.postgres ?? postgres,
  });
  const labels = new Set(((await pg.info(repository))?.backup ?? []).map(({ label }) => label));
  const missing = [...named].filter((set) => !labels.has(set));
  if (missing.length > 0) faults.push(`${lineage}: ${plural(missing.length, 'set')} that points name are gone`);
  return { state: { lineage, passphrase, files, sets: labels.size }, faults };
}

function setsByLineage(trusted: readonly CatalogEntry[]): Map<string, Set<string>> {
  const sets = new Map<string, Set<string>>();
  for (const { point } of trusted)
    for (const { lineage, set } of point.captures.filter(isPostgres))
      sets.set(lineage, (sets.get(lineage) ?? new Set()).add(set));
  return sets;
}

function fenceParts(readings: readonly FenceReading[]): Part<RepositoryState['fences']> {
  return {
    state: readings.flatMap(({ fence }) => (fence ? [{ lineage: fence.lineage, successor: fence.successor }] : [])),
    faults: readings.flatMap(({ key, fault }) => (fault === undefined ? [] : [`${key} is no fence: ${fault}`])),
  };
}

async function inspect(site: Site, repository: Repository): Promise<RepositoryState> {
  await folderIsThere(site, repository);
  const catalog = await openCatalog(site, repository, 'restorer');
  const { points, problems } = await catalog.review();
  const trusted = points.filter(({ trust }) => trust === 'ok');
  const heads = await rememberedOf(site, repository, 'restorer');
  const fences = fenceParts(
    await readFences(await repository.store('restorer'), repository.layout, (await readKeyring(site)).keys),
  );
  const restic = await part('restic', undefined, () => resticState(site, repository, trusted));
  const sets = setsByLineage(trusted);
  const own = await readLineage(site);
  if (own?.repositories.includes(repository.id) && !sets.has(own.name)) sets.set(own.name, new Set());
  const lineages: Part<LineageState>[] = [];
  for (const [lineage, named] of repository.exported === true ? [] : sets) {
    const nothing = { lineage, passphrase: undefined, files: [], sets: 0 };
    lineages.push(await part(lineage, nothing, () => lineageState(site, repository, { lineage, named })));
  }
  const newest = trusted.at(-1)?.outline;
  const signingKeys: Record<string, number> = {};
  for (const { point } of trusted) signingKeys[point.signature.key] = (signingKeys[point.signature.key] ?? 0) + 1;
  const unsigned = problems.filter(({ kind }) => kind === 'tampered').length;
  return {
    id: repository.id,
    points: trusted.length,
    ...(newest && { newest: { id: newest.id, sequence: newest.sequence ?? null } }),
    signingKeys,
    remembered: heads.map(({ by, head }) => ({ by, at: head.at, ...(head.point && { point: idOf(head.point.key) }) })),
    ...(restic.state && { restic: restic.state }),
    lineages: lineages.map(({ state }) => state),
    fences: fences.state,
    faults: [
      ...problems.filter(({ kind }) => kind !== 'tampered').map(({ fact }) => fact),
      ...(unsigned === 0 ? [] : [`${plural(unsigned, 'document')} without a good signature: dr repository clean`]),
      ...fences.faults,
      ...restic.faults,
      ...lineages.flatMap(({ faults }) => faults),
    ],
  };
}

const idOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, '');

/** A repository that can't be read has its reason in `error`. */
export async function inspectState(site: Site, repository: Repository): Promise<RepositoryState> {
  try {
    return await inspect(site, repository);
  } catch (thrown) {
    rethrowBug(thrown);
    const { code, fact, hint } = asDrError(thrown, `repository ${repository.id}`);
    return { id: repository.id, ...NOTHING, error: { code, fact, hint } };
  }
}
