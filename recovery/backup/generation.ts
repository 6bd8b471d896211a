/** Which lineage a database archives to after `dr init`: its present one, its first one, or one of its own where another server took that. */
import { type Lineage, readLineage, writeLineage } from '../config/lineage.ts';
import type { Repository, Site } from '../config/site.ts';
import { precondition } from '../core/errors.ts';
import { generationsOf } from '../points/resolved/generations.ts';
import { foreignWal } from '../workloads/postgres/archive/own-wal.ts';
import { type Catalogs, otherCluster } from './stranger.ts';

interface GenerationRequest {
  /** Of the repositories that answer. */
  readonly catalogs: Catalogs;
  readonly adopt?: boolean;
  readonly now: () => Date;
}

/** Another server archives to it, in one of these repositories at least. */
async function isContested(site: Site, lineage: Lineage, up: readonly Repository[]): Promise<boolean> {
  for (const repository of up)
    if ((await foreignWal(site, { repository, lineage: lineage.name, role: 'writer' })) !== undefined) return true;
  return false;
}

/** A generation that no repository which answers has seen. Throws `GENERATION-CONTESTED` (exit 6) where a stack counts them. */
async function begunAnew(
  site: Site,
  current: Lineage,
  up: readonly Repository[],
  { catalogs, now }: GenerationRequest,
): Promise<Lineage> {
  const { generation, site: name } = site.environment;
  if (generation !== undefined) {
    throw precondition({
      code: 'GENERATION-CONTESTED',
      where: current.name,
      fact: 'another server archives to this lineage',
      hint: `stop it, and name a higher generation than ${generation} in the environment file`,
    });
  }
  const used = await Promise.all(
    up.map(async ({ id, layout, store }) =>
      generationsOf({ store: await store('writer'), layout, site: name, entries: catalogs.get(id) ?? [] }),
    ),
  );
  const next = Math.max(current.generation, ...used.flat()) + 1;
  return writeLineage(site, { generation: next, repositories: up.map(({ id }) => id), since: now().toISOString() });
}

/** A cluster that was made anew has no part of the lineage's history. Throws `POSTGRES-OTHER-CLUSTER` (exit 6) unless it is to begin one. */
async function isMadeAnew(site: Site, { catalogs, adopt = false }: GenerationRequest): Promise<boolean> {
  const other = await otherCluster(site, catalogs);
  if (other !== undefined && !adopt) throw other;
  return other !== undefined;
}

/**
 * Throws `POSTGRES-OTHER-CLUSTER` (exit 6).
 * @param up repositories that answer: they are attached to the lineage
 */
export async function nextGeneration(
  site: Site,
  up: readonly Repository[],
  request: GenerationRequest,
): Promise<Lineage> {
  const { adopt = false, now } = request;
  const current = await readLineage(site);
  const attached = up.map(({ id }) => id);
  if (current === undefined) {
    const { generation = 1 } = site.environment;
    return writeLineage(site, { generation, repositories: attached, since: now().toISOString() });
  }
  if (await isMadeAnew(site, request)) return begunAnew(site, current, up, request);
  if (adopt && (await isContested(site, current, up))) return begunAnew(site, current, up, request);
  const { name: _, ...record } = current;
  const repositories = new Set([...current.repositories, ...attached]);
  return writeLineage(site, {
    ...record,
    repositories: [...site.repositories.keys()].filter((id) => repositories.has(id)),
  });
}
