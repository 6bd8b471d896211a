/** Which backup sets a verification reads. */
import type { StanzaInfo } from '../../engines/pgbackrest/info.ts';
import { compareVersions } from '../../engines/versions.ts';
import { chainOf } from '../../points/read-overdue.ts';
import { setReadAt } from '../../points/reads.ts';
import type { KnownReading } from './reading.ts';

/** `verify --set` came with it. Before, pgBackRest reads all sets or none. */
const READS_ONE = '2.55';
/** An older pgBackRest reads everything this often in a pass. */
const WHOLE_IN_A_PASS = 4;

export type SetsToRead = 'all' | readonly string[];

const MS = 1000;

/**
 * Pure. Reading the last set of a chain reads all files that it needs of the sets before it.
 * @param version of pgBackRest
 */
export function setsToRead(
  lineage: string,
  { backup }: Pick<StanzaInfo, 'backup'>,
  reading: KnownReading,
  version: string,
): SetsToRead {
  if (reading.kind === 'percent') return reading.percent > 0 ? 'all' : [];
  const { state, seconds, parts, now } = reading;
  const sets = backup.map(({ label, timestamp }) => {
    const endedAt = new Date(timestamp.stop * MS);
    return { label, readAt: setReadAt(state, lineage, label, endedAt)?.getTime() ?? 0 };
  });
  if (sets.length === 0) return [];
  const isDamaged = (name: string): boolean => state.again.sets.has(`${lineage}/${name}`);
  const damaged = sets.filter(({ label }) => isDamaged(label)).map(({ label }) => label);
  // Found by a reading of everything, which does not say of which sets alone.
  if (isDamaged('*')) return 'all';
  if (compareVersions(version, READS_ONE) < 0) {
    const all = state.sets.get(`${lineage}/*`)?.getTime() ?? 0;
    const isDue = now.getTime() - all > (seconds / WHOLE_IN_A_PASS) * MS;
    return isDue || damaged.length > 0 ? 'all' : [];
  }
  const ends = new Map<string, (typeof sets)[number]>();
  for (const set of sets) ends.set(chainOf(set.label), set);
  const chains = [...ends.keys()].sort();
  const open = chains.at(-1) ?? '';
  const fresh = sets.filter(({ label, readAt }) => label === open && readAt === 0).map(({ label }) => label);
  const closed = chains.slice(0, -1).flatMap((chain) => ends.get(chain) ?? []);
  const nightly = Math.ceil(closed.length / parts);
  const due = closed.toSorted((a, b) => a.readAt - b.readAt).slice(0, nightly);
  return [...new Set([...damaged, ...fresh, ...due.map(({ label }) => label)])];
}
