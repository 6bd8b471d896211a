/**
 * What other repositories say of a point: the run that wrote it wrote the same to all of them, and a mark may have reached one of them only.
 */
import { isDriveUnmounted } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { openCatalog } from './catalog/catalog.ts';
import type { CatalogEntry } from './catalog/types.ts';
import type { MarkRecord } from './marks.ts';

/** A region that does not answer must not delay a recovery that another one can make. */
const WITHIN_MS = 10_000;
/** A command reads the same catalogs for each repository that it compares. */
const KNOWN_FOR_MS = 30_000;

export interface MarksElsewhere {
  /** `compromised` and `clean`, by the id of their point. */
  readonly marks: ReadonlyMap<string, readonly MarkRecord[]>;
  /** Repositories whose marks could not be read. */
  readonly unread: readonly string[];
}

type Read = readonly CatalogEntry[] | 'unread';
const known = new WeakMap<Site, Map<string, { readonly at: number; readonly read: Promise<Read> }>>();

async function entriesOf(site: Site, repository: Repository): Promise<Read> {
  const late = new Promise<'unread'>((resolve) => setTimeout(() => resolve('unread'), WITHIN_MS).unref());
  const read = async (): Promise<Read> => {
    try {
      return (await (await openCatalog(site, repository, 'restorer')).review()).points;
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
  const marks = new Map<string, MarkRecord[]>();
  const unread: string[] = [];
  for (const { id, read } of others.map((each) => ({ id: each.id, read: readOnce(site, each) }))) {
    const entries = await read;
    if (entries === 'unread') unread.push(id);
    else
      for (const { outline, marks: own } of entries) {
        const said = own.filter(({ mark }) => mark === 'compromised' || mark === 'clean');
        if (said.length > 0) marks.set(outline.id, [...(marks.get(outline.id) ?? []), ...said]);
      }
  }
  return { marks, unread };
}

/** The entry with the marks of the other repositories: the last verdict counts, wherever it was set. */
export function withMarks(entry: CatalogEntry, { marks }: MarksElsewhere): CatalogEntry {
  const others = marks.get(entry.outline.id);
  if (others === undefined) return entry;
  const all = [...entry.marks, ...others].sort((a, b) => a.at.localeCompare(b.at));
  return {
    get point() {
      return entry.point;
    },
    get outline() {
      return entry.outline;
    },
    marks: all,
    ...(entry.unread === undefined ? {} : { unread: entry.unread }),
    trust: entry.trust,
  };
}
