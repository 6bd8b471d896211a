/** Commits between two places, evenly thinned out where there are many: halving needs their order, not all of them. */
import type { LineageWal } from '../../engines/pgbackrest/records/lineage.ts';
import type { WalReader } from '../../engines/pgbackrest/records/read.ts';
import { endOfTransaction } from '../../engines/pgbackrest/records/record.ts';
import type { Stretch } from '../../engines/pgbackrest/records/runs.ts';
import type { Micros } from '../../points/moment.ts';
import { type Lsn, parseLsn, placeOfSegment, timelineOf } from '../../points/wal-segment.ts';

export interface Commit {
  readonly xid: string;
  readonly lsn: string;
  readonly at: Micros;
  readonly timeline: number;
}

const MOST = 2000;

/** Keeps each n-th, and the last: n doubles when there are too many. Pure. */
export class Thinned {
  #kept: Commit[] = [];
  #last: Commit | undefined;
  #seen = 0;
  #every = 1;

  add(commit: Commit): void {
    this.#last = commit;
    if (this.#seen % this.#every === 0) this.#kept.push(commit);
    this.#seen += 1;
    if (this.#kept.length <= MOST) return;
    this.#every *= 2;
    this.#kept = this.#kept.filter((_, n) => n % 2 === 0);
  }

  /** `complete`: none was left out between the first and the last. */
  result(): { readonly commits: readonly Commit[]; readonly complete: boolean } {
    const last = this.#last;
    const commits = last === undefined || this.#kept.at(-1) === last ? this.#kept : [...this.#kept, last];
    return { commits, complete: this.#every === 1 };
  }
}

export interface Between {
  /** Commits at or after this moment and up to that one … */
  readonly from?: Micros;
  readonly to?: Micros;
  /** … or after the one position and before the other. */
  readonly after?: Lsn;
  readonly before?: Lsn;
}

function isWithin(commit: Commit, { from = 0, to = Number.POSITIVE_INFINITY, after, before }: Between): boolean {
  const lsn = parseLsn(commit.lsn);
  return (
    commit.at >= from &&
    commit.at <= to &&
    (after === undefined || lsn > after) &&
    (before === undefined || lsn < before)
  );
}

/** Only segments that can hold it. */
function segmentsFor(stretch: Stretch, bytes: number, { after, before }: Between): Stretch {
  return stretch.filter((name) => {
    const { start, end } = placeOfSegment(name, bytes);
    return (after === undefined || end > after) && (before === undefined || start < before);
  });
}

export async function commitsBetween(
  wal: LineageWal,
  reader: WalReader,
  {
    stretch,
    between,
    onSegment,
  }: { readonly stretch: Stretch; readonly between: Between; readonly onSegment: (name: string) => void },
): Promise<ReturnType<Thinned['result']>> {
  const thinned = new Thinned();
  const segments = segmentsFor(stretch, wal.source.segmentBytes, between);
  for (const segment of segments) {
    onSegment(segment);
    const next = stretch[stretch.indexOf(segment) + 1];
    await reader.read([segment], next, (record) => {
      const end = endOfTransaction(record);
      if (end?.kind !== 'commit') return;
      const commit = { xid: end.xid, lsn: record.lsn, at: end.at, timeline: timelineOf(segment) };
      if (isWithin(commit, between)) thinned.add(commit);
    });
  }
  return thinned.result();
}
