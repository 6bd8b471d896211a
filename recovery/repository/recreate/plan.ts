/** What `dr repository recreate` would do: what goes, who else holds it, and from where the repository is filled. */
import { type Detachment, detachments, isBeingRecreated } from '../../config/detached.ts';
import { attachedRepositories, isDriveUnmounted, refuseExported } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { emptySince } from '../../config/used-folders.ts';
import { isThere } from '../../core/absent.ts';
import { DrError, precondition } from '../../core/errors.ts';
import { openCatalog } from '../../points/catalog/catalog.ts';
import { goodEntries } from '../../points/catalog/good.ts';
import { isNewerPoint, placesOf } from '../../points/catalog/order.ts';
import type { CatalogEntry } from '../../points/catalog/types.ts';
import { isHeld, verifiedAt } from '../../points/marks.ts';
import { plural } from '../../report/format.ts';
import { activeLeases, type LeaseRecord } from '../../storage/lease.ts';
import { refuseServerElsewhere } from '../ship.ts';
import { checkDetour } from './detour.ts';

export interface RecreatePlan {
  readonly repository: string;
  /** Set where it was begun before: what is done already is not done again. */
  readonly before?: Detachment;
  /** Points that it still holds. */
  readonly points: number;
  /** Those of them that no other repository holds. */
  readonly onlyHere: readonly string[];
  /** Another repository with a verified point. */
  readonly verified?: { readonly repository: string; readonly point: string };
  /** What it is filled from, and how many points that is. Absent where no other repository holds a point. */
  readonly source?: { readonly repository: string; readonly points: number };
  /** True where a folder is missing, and is made. */
  readonly makesFolder: boolean;
  /** Why the loss must be accepted by name. Absent where it need not be. */
  readonly loss?: string;
}

interface Other {
  readonly repository: Repository;
  readonly entries: readonly CatalogEntry[];
}

/** Those that can be read. One that can't holds nothing that anybody could be sure of. */
async function readOthers(site: Site, repository: Repository): Promise<Other[]> {
  const others = attachedRepositories(site).filter(
    (each) => each.id !== repository.id && !isDriveUnmounted(site, each),
  );
  const read = async (other: Repository): Promise<Other[]> => {
    try {
      return [{ repository: other, entries: await (await openCatalog(site, other, 'restorer')).points() }];
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      site.log.warn({ repository: other.id, error: error.message }, 'can’t be asked what it holds');
      return [];
    }
  };
  return (await Promise.all(others.map(read))).flat();
}

const trusted = (entries: readonly CatalogEntry[]): CatalogEntry[] => entries.filter(({ trust }) => trust === 'ok');

/** The one with the newest good point; a folder among equals, because restic copies out of one without a detour. */
function chooseSource(others: readonly Other[], now: Date): Other | undefined {
  const chains = others.map(({ entries }) => placesOf(entries));
  const newest = ({ entries }: Other): string => goodEntries(entries, now).at(-1)?.outline.id ?? '';
  const ranked = others.filter((other) => other.repository.exported !== true && newest(other) !== '');
  const rank = ({ repository }: Other): number => (repository.settings.type === 'posix' ? 0 : 1);
  return [...ranked].sort((a, b) => {
    if (newest(a) === newest(b)) return rank(a) - rank(b);
    return isNewerPoint(newest(a), newest(b), chains) ? -1 : 1;
  })[0];
}

function lossOf(
  { held, read }: { readonly held: readonly string[]; readonly read: readonly LeaseRecord[] },
  { points, verified }: Pick<RecreatePlan, 'points' | 'verified'>,
) {
  const [reader] = read;
  if (reader !== undefined) return `${reader.holder} reads ${reader.point} from it since ${reader.since}`;
  if (points > 0 && verified === undefined)
    return `no other repository that can be read holds a verified point, and ${plural(points, 'point')} would go`;
  if (held.length > 0) return `no other repository holds ${held.join(', ')}, which somebody marked "hold"`;
  return undefined;
}

/** The points of the repository. Throws what the store throws: nothing is emptied that can't be read. */
async function ownPoints(
  site: Site,
  repository: Repository,
): Promise<{ entries: CatalogEntry[]; makesFolder: boolean }> {
  const { settings } = repository;
  const isGone = settings.type === 'posix' && !(await isThere(settings.path));
  if (isGone || emptySince(site, repository) !== undefined) return { entries: [], makesFolder: true };
  return { entries: await (await openCatalog(site, repository, 'writer')).points(), makesFolder: false };
}

/**
 * Reads only. @param from the repository to fill it from; @default the one with the newest good point
 * Throws `REPOSITORY-EXPORTED`, `REPOSITORY-UNKNOWN` (exit 2), `POSTGRES-ELSEWHERE`, `SOURCE-UNFIT` and `DISK-TOO-SMALL` (exit 6).
 */
export async function planRecreate(
  site: Site,
  repository: Repository,
  { from, now }: { readonly from: string | undefined; readonly now: Date },
): Promise<RecreatePlan> {
  refuseExported(repository);
  refuseServerElsewhere(site);
  const before = detachments(site).get(repository.id);
  const { entries, makesFolder } = await ownPoints(site, repository);
  const others = await readOthers(site, repository);
  const wanted = from ?? (before !== undefined && isBeingRecreated(before) ? before.from : undefined);
  const source = wanted === undefined ? chooseSource(others, now) : named(site, others, wanted);
  if (source !== undefined) await checkDetour(site, source.repository, repository);
  const elsewhere = new Set(others.flatMap((other) => trusted(other.entries).map(({ outline }) => outline.id)));
  const own = trusted(entries);
  const onlyHere = own.filter(({ outline }) => !elsewhere.has(outline.id));
  const witnesses = others.flatMap((other) => {
    const found = goodEntries(other.entries, now).findLast((entry) => verifiedAt(entry) !== undefined);
    return found === undefined ? [] : [{ repository: other.repository.id, point: found.outline.id }];
  });
  const verified = witnesses[0];
  const points = own.length;
  const read = makesFolder ? [] : await activeLeases(await repository.store('writer'), repository.layout);
  const held = onlyHere.filter(isHeld).map(({ outline }) => outline.id);
  // What is there is what this command has written, once it has begun to fill.
  const loss = before?.emptied === true ? undefined : lossOf({ held, read }, { points, ...(verified && { verified }) });
  return {
    repository: repository.id,
    ...(before !== undefined && isBeingRecreated(before) ? { before } : {}),
    points,
    onlyHere: onlyHere.map(({ outline }) => outline.id),
    ...(verified && { verified }),
    ...(source && { source: { repository: source.repository.id, points: trusted(source.entries).length } }),
    makesFolder,
    ...(loss === undefined ? {} : { loss }),
  };
}

function named(site: Site, others: readonly Other[], id: string): Other {
  const repository = site.repository(id);
  refuseExported(repository);
  const found = others.find((other) => other.repository.id === id);
  if (found !== undefined && trusted(found.entries).length > 0) return found;
  throw precondition({
    code: 'SOURCE-UNFIT',
    where: `repository ${id}`,
    fact: found === undefined ? 'it is detached, the same, or can’t be read' : 'it holds no trusted point',
    hint: 'name another one with --from, or leave it out',
  });
}
