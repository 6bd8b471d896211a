/** Refuses to write for a site that another host writes for: two histories under one name are restored as one. */
import { hostname } from 'node:os';
import { lineageName, parseLineage } from '../../plan/layout.ts';
import { adoptSite, ensureIdentity, hasHistory, type Identity, isThisHost, readIdentity } from '../config/identity.ts';
import { readLineage } from '../config/lineage.ts';
import type { RepositoryFailures } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { type DrError, precondition } from '../core/errors.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { ownerOf } from '../points/catalog/doubts.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { isPostgres, type RecoveryPoint } from '../points/point.ts';
import { withClient } from '../workloads/postgres/server.ts';

/** The points of each repository, by its id, in the order of the chain. */
export type Catalogs = ReadonlyMap<string, readonly CatalogEntry[]>;

/** A repository whose points can't be read can't say whose they are: it is among the failures. */
export async function readCatalogs(
  site: Site,
  repositories: readonly Repository[],
): Promise<{ readonly catalogs: Catalogs; readonly failures: RepositoryFailures }> {
  const catalogs = new Map<string, readonly CatalogEntry[]>();
  const failures = new Map<string, DrError>();
  const read = async (repository: Repository): Promise<void> => {
    try {
      catalogs.set(repository.id, await (await openCatalog(site, repository, 'writer')).points());
    } catch (error) {
      failures.set(repository.id, asDrError(error, `repository ${repository.id}`));
    }
  };
  await Promise.all(repositories.map(read));
  return { catalogs, failures };
}

function stranger(site: Site, fact: string): DrError {
  const name = site.environment.site;
  return precondition({
    code: 'SITE-STRANGER',
    where: `site ${name}`,
    fact,
    hint: 'if this is another host, give it a `site` of its own in the environment file and run `dr init`; if it takes that one’s place: dr init --adopt',
  });
}

function generationIn(point: RecoveryPoint, site: string): number {
  const own = point.captures.filter(isPostgres).flatMap(({ lineage }) => parseLineage(lineage) ?? []);
  return Math.max(0, ...own.filter((lineage) => lineage.site === site).map(({ generation }) => generation));
}

async function systemIdOf(site: Site): Promise<string | undefined> {
  const settings = site.environment.postgres;
  if (settings === undefined) return undefined;
  try {
    const sql = 'SELECT system_identifier::text AS id FROM pg_control_system()';
    return await withClient(site, settings, async (client) => (await client.query<{ id: string }>(sql)).rows[0]?.id);
  } catch (error) {
    // The backup itself will say what is wrong with the server.
    site.log.debug({ error: String(error) }, 'the system id of PostgreSQL is unknown');
    return undefined;
  }
}

/**
 * A stack declares its generation and owns the database. A later generation takes over. The same one, or an earlier one that still runs
 * beside a platform that was rebuilt from it, shows that it is the very cluster that was backed up. Only a fence tells it to stop
 * writing; a copy that somebody made of it does not. Pure.
 * @param owner the newest point of who writes for the site
 * @param entries of the repository
 * @param systemId of the running server; undefined where it can't be asked
 */
export function isProvenByStack(
  { name, generation, systemId }: { readonly name: string; readonly generation: number; readonly systemId?: string },
  owner: RecoveryPoint,
  entries: readonly CatalogEntry[],
): boolean {
  const known = generationIn(owner, name);
  if (generation > known) return true;
  // A server that can't be asked proves nothing against the stack: the backup itself will say what is wrong with it.
  if (systemId === undefined) return generation === known;
  const lineage = lineageName(name, generation);
  const copies = entries.filter(
    ({ trust, outline }) => trust === 'ok' && outline.captures.some(({ postgres }) => postgres?.lineage === lineage),
  );
  const captures = copies.flatMap(({ point }) => point.captures.filter(isPostgres));
  return captures.some((capture) => capture.lineage === lineage && capture.systemId === systemId);
}

async function provenByStack(site: Site, owner: RecoveryPoint, entries: readonly CatalogEntry[]): Promise<boolean> {
  const { generation, site: name } = site.environment;
  if (generation === undefined) return false;
  const systemId = await systemIdOf(site);
  const stack = { name, generation, ...(systemId === undefined ? {} : { systemId }) };
  return isProvenByStack(stack, owner, entries);
}

/**
 * Set where the running server is not the cluster that this lineage has copies of: `initdb` or `pg_upgrade` made it anew. It is the error
 * `POSTGRES-OTHER-CLUSTER` (exit 6), for whoever does not go on with the new one.
 */
export async function otherCluster(site: Site, catalogs: Catalogs): Promise<DrError | undefined> {
  const lineage = (await readLineage(site))?.name;
  if (lineage === undefined) return undefined;
  const lasts = [...catalogs.values()].flatMap((entries) => {
    const holds = ({ trust, outline }: CatalogEntry) =>
      trust === 'ok' && outline.captures.some(({ postgres }) => postgres?.lineage === lineage);
    return entries.findLast(holds)?.point ?? [];
  });
  const found = lasts.length === 0 ? undefined : await systemIdOf(site);
  if (found === undefined) return undefined;
  for (const last of lasts) {
    const wanted = last.captures.filter(isPostgres).find((capture) => capture.lineage === lineage)?.systemId ?? '';
    if (found === wanted) continue;
    return precondition({
      code: 'POSTGRES-OTHER-CLUSTER',
      where: `lineage ${lineage}`,
      fact: `the running server is the cluster ${found}, and ${last.id} is of ${wanted}: initdb or pg_upgrade has made it anew, and it has no part of that history`,
      hint: 'to go on with it: dr init --adopt --restart, which begins a lineage of its own, and dr backup --kind full; to have the old one back: stop it, move its data directory away, and dr restore --to latest',
    });
  }
  return undefined;
}

/** Throws `SITE-STRANGER` where another host writes for the site. Returns false where no point says who does. */
async function refuseOwned(
  site: Site,
  entries: readonly CatalogEntry[],
  known: Identity | undefined,
): Promise<boolean> {
  const name = site.environment.site;
  const owner = ownerOf(entries, name)?.point;
  if (owner?.origin === undefined) return false;
  const { id, host } = owner.origin;
  if (known?.adopts.includes(id) === true || (await isThisHost(site, owner.origin, known))) return true;
  if (await provenByStack(site, owner, entries)) {
    await adoptSite(site, id, new Date());
    return true;
  }
  const why = known?.id === id ? ', a machine with a copy of its state directory' : '';
  throw stranger(site, `${host} writes for "${name}" (last: ${owner.id}); this host is ${hostname()}${why}`);
}

/** For a backup. Throws `SITE-STRANGER` or `POSTGRES-OTHER-CLUSTER` (exit 6). Changes nothing but for a stack. */
export async function refuseStranger(site: Site, catalogs: Catalogs): Promise<void> {
  const other = await otherCluster(site, catalogs);
  if (other !== undefined) throw other;
  for (const entries of catalogs.values()) {
    const known = await readIdentity(site);
    if (await refuseOwned(site, entries, known)) continue;
    const last = entries.findLast(({ trust }) => trust === 'ok')?.outline.id;
    if (last === undefined || known !== undefined || (await hasHistory(site))) continue;
    const fact = `this host (${hostname()}) was never prepared, and the environment has points already (last: ${last})`;
    throw stranger(site, fact);
  }
}

/** For `dr init`, which prepares a host. Throws `SITE-STRANGER` (exit 6). */
export async function refuseTaken(site: Site, catalogs: Catalogs): Promise<void> {
  for (const entries of catalogs.values()) await refuseOwned(site, entries, await readIdentity(site));
}

/** Takes the place of whoever writes for the site in these repositories. */
export async function takeOver(site: Site, catalogs: Catalogs, now: Date): Promise<void> {
  for (const entries of catalogs.values()) {
    const origin = ownerOf(entries, site.environment.site)?.point.origin;
    const known = await readIdentity(site);
    if (origin === undefined || known?.adopts.includes(origin.id) === true) continue;
    // The same key too: a copy of this host has it.
    await adoptSite(site, origin.id, now);
  }
  await ensureIdentity(site, now);
}
