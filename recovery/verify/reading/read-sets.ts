/** Reads backup sets back, by pgBackRest, and tells which of them are well. */
import type { Repository } from '../../config/site.ts';
import type { StanzaInfo } from '../../engines/pgbackrest/info.ts';
import type { PgBackRest } from '../../engines/pgbackrest/pgbackrest.ts';
import { verifySets } from '../../engines/pgbackrest/verify.ts';
import { type NamedSets, verifiedFindings } from '../set-findings.ts';
import type { Finding } from '../types.ts';
import type { KnownReading, SetsRead } from './reading.ts';
import type { SetsToRead } from './sets.ts';

export const NOTHING_READ: SetsRead = { sets: { well: [], again: [] }, bytes: 0 };

export const bothRead = (one: SetsRead, other: SetsRead): SetsRead => ({
  sets: { well: [...one.sets.well, ...other.sets.well], again: [...one.sets.again, ...other.sets.again] },
  bytes: one.bytes + other.bytes,
});

export const isListingOnly = (reading: KnownReading): boolean => reading.kind === 'percent' && reading.percent <= 0;

async function bytesOf(repository: Repository, lineage: string): Promise<number> {
  const store = await repository.store('restorer');
  const objects = await store.list(`${repository.layout.pgbackrestPrefix}${lineage}/`);
  return objects.reduce((sum, { size }) => sum + size, 0);
}

interface SetsRequest {
  readonly named: NamedSets;
  readonly info: StanzaInfo | undefined;
  readonly wanted: SetsToRead;
  readonly signal?: AbortSignal | undefined;
}

export async function readSets(
  pg: PgBackRest,
  repository: Repository,
  { named, info, wanted, signal }: SetsRequest,
): Promise<{ findings: readonly Finding[]; read: SetsRead }> {
  const { lineage, captures } = named;
  if (wanted === 'all') {
    if (info === undefined) return { findings: [], read: NOTHING_READ };
    const findings = verifiedFindings(named, info, await verifySets(pg, repository, { signal }));
    const all = [`${lineage}/*`];
    const sets = findings.length === 0 ? { well: all, again: [] } : { well: [], again: all };
    return { findings, read: { sets, bytes: await bytesOf(repository, lineage) } };
  }
  const findings: Finding[] = [];
  let read = NOTHING_READ;
  for (const set of wanted) {
    const only = new Map([...captures].filter(([label]) => label === set));
    const found = verifiedFindings(
      { ...named, captures: only },
      info,
      await verifySets(pg, repository, { set, signal }),
    );
    findings.push(...found);
    const { info: sizes } = info?.backup.find(({ label }) => label === set) ?? {};
    const bytes = sizes?.repository.size ?? sizes?.repository.delta ?? 0;
    const name = `${lineage}/${set}`;
    const sets = found.length === 0 ? { well: [name], again: [] } : { well: [], again: [name] };
    read = bothRead(read, { sets, bytes });
  }
  return { findings, read };
}
