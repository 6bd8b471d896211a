/** The last transaction that a restore to a moment holds. Reads the archived WAL, and restores nothing. */
import type { Repository, Site } from '../config/site.ts';
import { type LineageSets, openLineage } from '../engines/pgbackrest/records/lineage.ts';
import { withWalReader } from '../engines/pgbackrest/records/read.ts';
import { endOfTransaction } from '../engines/pgbackrest/records/record.ts';
import type { Micros } from '../points/moment.ts';
import { timelineOf } from '../points/wal-segment.ts';
import { stretchesSince } from './window.ts';

export interface LastCommit {
  readonly xid: string;
  readonly lsn: string;
  readonly timeline: number;
  readonly at: Micros;
}

/** Undefined where the archived WAL holds no commit up to the moment. @param signal ends what is read */
export async function lastCommitUpTo(
  site: Site,
  repository: Repository,
  { lineage, until, signal }: { readonly lineage: LineageSets; readonly until: Micros; readonly signal?: AbortSignal },
): Promise<LastCommit | undefined> {
  const wal = await openLineage(site, repository, lineage, signal);
  return withWalReader(wal.source, async (reader) => {
    let last: LastCommit | undefined;
    // PostgreSQL stops before the first commit that is later, also where one behind it is earlier again.
    let isOver = false;
    for (const stretch of await stretchesSince(wal, reader, until))
      for (const [n, segment] of stretch.entries()) {
        if (isOver) return last;
        await reader.read([segment], stretch[n + 1], (record) => {
          const end = endOfTransaction(record);
          if (isOver || end?.kind !== 'commit') return;
          if (end.at > until) isOver = true;
          else last = { xid: end.xid, lsn: record.lsn, timeline: timelineOf(segment), at: end.at };
        });
      }
    return last;
  });
}
