/**
 * pgBackRest keeps its info files and each set's manifest twice and reads the copy where the original is damaged, without a word. Then one more
 * flipped byte loses a set, or all of them: so both are opened.
 */
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Repository, Site } from '../config/site.ts';
import { type TwinFile, twinFilesOf } from '../engines/pgbackrest/twin-files.ts';
import type { SetsToRead } from './reading/sets.ts';
import type { NamedSets } from './set-findings.ts';
import type { Finding } from './types.ts';

/** A running backup writes one after the other. */
const SETTLE_MS = 2000;
/** A manifest of a large database has many megabytes. Those of other sets are opened when the set is read. */
const NEWEST = 20;

const isManifest = (key: string): boolean => /\/backup\.manifest(\.copy)?$/.test(key);
const setOf = (key: string): string => basename(dirname(key));

function setsToOpen({ captures }: NamedSets, wanted: SetsToRead): string[] {
  const named = [...captures.keys()].sort();
  if (wanted === 'all') return named;
  return [...new Set([...named.slice(-NEWEST), ...named.filter((set) => wanted.includes(set))])];
}

function findingOf(repository: Repository, { captures, lineage }: NamedSets, file: TwinFile): Finding {
  const { key, state, twin } = file;
  const about = isManifest(key) ? `set ${setOf(key)} (${lineage})` : lineage;
  const common = { repository: repository.id, area: 'postgres', severity: 'wrong' } as const;
  const what = `${basename(key)} of ${about}`;
  const points = isManifest(key) ? (captures.get(setOf(key))?.points ?? []) : [];
  if (twin === undefined)
    return {
      ...common,
      code: 'MANIFEST-DAMAGED',
      what,
      fact: `it is ${state}, and its copy is no better: the set can't be restored`,
      hint: 'restore from another repository (--from) or from another point; a full backup now begins a new chain',
      points,
    };
  return {
    ...common,
    code: 'INFO-COPY',
    what,
    fact: `it is ${state}, and ${basename(twin)} is good: pgBackRest reads that one, without a word`,
    hint: `nothing is lost yet: \`dr repository repair ${repository.id}\` writes it again; find out what damages files there`,
    points,
  };
}

/** The lineage has been listed, so one of each pair of info files is good. */
export async function twinFindings(
  site: Site,
  repository: Repository,
  { named, wanted }: { readonly named: NamedSets; readonly wanted: SetsToRead },
): Promise<Finding[]> {
  const request = { lineage: named.lineage, sets: setsToOpen(named, wanted) };
  const broken = async (): Promise<TwinFile[]> =>
    (await twinFilesOf(site, repository, request)).files.filter(({ state }) => state !== 'ok');
  if ((await broken()).length === 0) return [];
  await delay(SETTLE_MS);
  const files = await broken();
  // One line for a pair of which neither is good.
  const isSecond = ({ key, twin }: TwinFile): boolean => twin === undefined && key.endsWith('.copy');
  return files.filter((file) => !isSecond(file)).map((file) => findingOf(repository, named, file));
}
