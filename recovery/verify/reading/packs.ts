/** Which packs a verification reads, and what it has learnt of them. */
import { DAY_SECONDS } from '../../../plan/duration.ts';
import type { PackProblem } from '../../engines/restic/check.ts';
import { type Pack, readPacks } from '../../engines/restic/packs.ts';
import { dueParts, everyPart, partOf } from '../../points/reads.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { KnownReading, PacksRead } from './reading.ts';

const newestOf = (packs: readonly Pack[]): number =>
  packs.reduce((newest, { modified }) => Math.max(newest, modified.getTime()), 0);

/** Packs that no earlier reading knew; at the first one those of the last day. By the repository's clock alone. Pure. */
export function newPacks(packs: readonly Pack[], until: Date | undefined): Pack[] {
  const since = until?.getTime() ?? newestOf(packs) - DAY_SECONDS * 1000;
  return packs.filter(({ modified }) => modified.getTime() >= since);
}

interface Done extends PacksRead {
  readonly problems: readonly PackProblem[];
}

export async function readScheduledPacks(
  store: ObjectStore,
  packs: readonly Pack[],
  { state, parts, now }: KnownReading,
  options: Parameters<typeof readPacks>[2],
): Promise<Done> {
  const due = dueParts(state, parts, now);
  const fresh = new Set(newPacks(packs, state.until));
  const wanted = packs.filter((pack) => fresh.has(pack) || due.includes(partOf(pack.id, parts)));
  const problems = await readPacks(store, wanted, options);
  const again = [...new Set(problems.map(({ pack }) => partOf(pack, parts)))];
  const newest = newestOf(packs);
  return {
    parts,
    packs: { well: due.filter((part) => !again.includes(part)), again },
    ...(newest === 0 ? {} : { until: new Date(newest).toISOString() }),
    count: wanted.length,
    bytes: wanted.reduce((sum, { size }) => sum + size, 0),
    problems,
  };
}

/** What restic has read by itself: everything, or a part of which it does not say which. Pure. */
export function readByRestic(
  packs: readonly Pack[],
  percent: number,
  problems: readonly PackProblem[],
  parts: number,
): PacksRead {
  const all = packs.reduce((sum, { size }) => sum + size, 0);
  const share = Math.min(1, percent / 100);
  const newest = newestOf(packs);
  const again = [...new Set(problems.map(({ pack }) => partOf(pack, parts)))];
  const isWhole = percent >= 100;
  return {
    parts,
    packs: { well: isWhole ? everyPart(parts).filter((part) => !again.includes(part)) : [], again },
    ...(isWhole && newest > 0 ? { until: new Date(newest).toISOString() } : {}),
    count: Math.round(packs.length * share),
    bytes: Math.round(all * share),
  };
}
