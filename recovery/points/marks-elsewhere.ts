/** Asks the other repositories of a site for their marks. */
import { isDriveUnmounted } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { openCatalog } from './catalog/catalog.ts';
import type { Catalog, CatalogReview } from './catalog/types.ts';
import { type CatalogSays, gatherMarks, type MarksElsewhere, withMarksElsewhere } from './verdicts.ts';

/** A region that does not answer must not delay a recovery that another one can make. */
const WITHIN_MS = 10_000;
/** A command reads the same catalogs for each repository that it compares. */
const KNOWN_FOR_MS = 30_000;

type Read = CatalogSays | 'unread';
const known = new WeakMap<Site, Map<string, { readonly at: number; readonly read: Promise<Read> }>>();

async function entriesOf(site: Site, repository: Repository): Promise<Read> {
  const late = new Promise<'unread'>((resolve) => setTimeout(() => resolve('unread'), WITHIN_MS).unref());
  const read = async (): Promise<Read> => {
    try {
      const { points, ...review } = await (await openCatalog(site, repository, 'restorer')).review();
      return { ...review, entries: points };
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      site.log.warn({ repository: repository.id, error: error.message }, 'its marks could not be read');
      return 'unread';
    }
  };
  return Promise.race([read(), late]);
}

function readOnce(site: Site, repository: Repository): Promise<Read> {
  const all = known.get(site) ?? new Map();
  known.set(site, all);
  const before = all.get(repository.id);
  if (before !== undefined && performance.now() - before.at < KNOWN_FOR_MS) return before.read;
  const read = entriesOf(site, repository);
  all.set(repository.id, { at: performance.now(), read });
  return read;
}

export async function marksElsewhere(site: Site, repository: Repository): Promise<MarksElsewhere> {
  const others = [...site.repositories.values()].filter(
    (each) => each.id !== repository.id && !isDriveUnmounted(site, each),
  );
  const answers = await Promise.all(others.map(async (each) => [each.id, await readOnce(site, each)] as const));
  return gatherMarks(new Map(answers));
}

/** What a repository says, with the verdicts of all that answer. */
export async function withAllMarks<T extends CatalogReview>(site: Site, repository: Repository, own: T): Promise<T> {
  const others = await marksElsewhere(site, repository);
  const { entries: points, compromisedGone } = withMarksElsewhere({ ...own, entries: own.points }, others);
  return { ...own, points, compromisedGone };
}

/** What says which point is good asks here, never one catalog alone. */
export async function reviewWithMarks(
  site: Site,
  repository: Repository,
): Promise<{ readonly catalog: Catalog; readonly review: CatalogReview }> {
  const catalog = await openCatalog(site, repository, 'restorer');
  return { catalog, review: await withAllMarks(site, repository, await catalog.review()) };
}
