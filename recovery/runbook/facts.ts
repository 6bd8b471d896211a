/** What the runbook says of this site: where it is, where its copies are, and the newest point of each repository. */
import { readLineage } from '../config/lineage.ts';
import { presentRepositories } from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { withLimit } from '../core/wait/with-limit.ts';
import { goodEntries } from '../points/catalog/good.ts';
import { reviewWithMarks } from '../points/marks-elsewhere.ts';
import { locationOf } from '../storage/backends.ts';

export interface RepositoryFacts {
  readonly id: string;
  readonly place: string;
  /** Undefined where it has none, or did not answer. */
  readonly newest: { readonly id: string; readonly at: string } | undefined;
  /** Why the newest point is not known. */
  readonly silent?: string;
}

export interface SiteFacts {
  readonly environment: string;
  readonly site: string;
  /** Path of dr.yaml. */
  readonly file: string;
  readonly runsOn: 'host' | 'cluster';
  readonly lineage: string | undefined;
  readonly repositories: readonly RepositoryFacts[];
  readonly at: string;
}

/** For each repository; one that hangs must hold up no runbook. */
const SECONDS = 15;

async function newestOf(site: Site, id: string, now: Date): Promise<Pick<RepositoryFacts, 'newest' | 'silent'>> {
  const read = async () => {
    const { review } = await reviewWithMarks(site, site.repository(id));
    const last = goodEntries(review.points, now).at(-1)?.point;
    return { newest: last === undefined ? undefined : { id: last.id, at: last.startedAt } };
  };
  try {
    return await withLimit(read(), SECONDS, () => new Error(`no answer within ${SECONDS} s`));
  } catch (error) {
    if (site.signal?.aborted) throw error;
    rethrowBug(error);
    const { code, fact } = asDrError(error, id);
    return { newest: undefined, silent: code === 'UNEXPECTED' ? String(error) : fact };
  }
}

/** @param ask whether repositories are asked for their newest point */
export async function readSiteFacts(site: Site, now: Date, ask = true): Promise<SiteFacts> {
  const { environment } = site;
  const present = new Set(presentRepositories(site).map(({ id }) => id));
  const repositories = await Promise.all(
    [...site.repositories.values()].map(async ({ id, settings }): Promise<RepositoryFacts> => {
      const place = locationOf(settings);
      if (!ask) return { id, place, newest: undefined };
      if (!present.has(id)) return { id, place, newest: undefined, silent: 'it is not mounted or was detached' };
      return { id, place, ...(await newestOf(site, id, now)) };
    }),
  );
  return {
    environment: environment.name,
    site: environment.site,
    file: site.file,
    runsOn: environment.kubernetes === undefined ? 'host' : 'cluster',
    lineage: (await readLineage(site))?.name,
    repositories,
    at: now.toISOString(),
  };
}
