/** Why a replay ended before the end of the archived WAL: a segment's bytes are not those that its name says. */
import { postgresSettings } from '../../../config/environment.ts';
import { DrError, verificationFailed } from '../../../core/errors.ts';
import { readSegment } from '../../../engines/pgbackrest/segment-copies.ts';
import { archivedSegments, walPath } from '../../../points/wal.ts';
import { segmentBytesOf, segmentOfLsn, segmentOfName } from '../../../points/wal-segment.ts';
import type { SetItem } from '../../restore-plan.ts';
import type { RestoreContext } from '../../restore-step.ts';
import { withClient } from '../server.ts';
import { replayEnd } from '../verify.ts';

type Reading = Pick<RestoreContext, 'site' | 'source'>;

/** After a replay that ended early the next segments are read; a damaged one is among the first, where its end is known. */
const MOST_SEGMENTS = 256;

/** The first damaged segment of the path from the set, or from an LSN, on. */
async function firstDamaged(
  { site, source }: Reading,
  { capture, walLast }: SetItem,
  from: string | undefined,
): Promise<{ readonly segment: string; readonly key: string } | undefined> {
  const bytes = segmentBytesOf(capture);
  const { lineage, walStart } = capture;
  const all = await archivedSegments(await source.store('restorer'), source.layout, lineage);
  const path = walPath(new Set(all.map(({ name }) => name)), walStart, bytes);
  // A record may begin at the very end of the segment before.
  const start = from === undefined ? undefined : segmentOfLsn(from, bytes) - 1;
  const wanted = path.filter(
    (name) => name.slice(8) <= walLast.slice(8) && (start === undefined || segmentOfName(name, bytes) >= start),
  );
  for (const segment of wanted.slice(0, MOST_SEGMENTS)) {
    const copy = await readSegment(site, source, { lineage, segment });
    if (copy?.state === 'damaged') return { segment, key: copy.key };
  }
  return undefined;
}

/** Throws `WAL-DAMAGED` (exit 5) where a segment is damaged; else nothing. @param from LSN at which the replay ended */
export async function refuseDamagedWal(context: Reading, item: SetItem, from?: string): Promise<void> {
  const found = await firstDamaged(context, item, from);
  if (found === undefined) return;
  const { id } = context.source;
  throw verificationFailed({
    code: 'WAL-DAMAGED',
    where: `postgres in ${id}`,
    fact: `WAL segment ${found.segment} is damaged (${found.key}): the replay ended there`,
    hint: `if another repository holds it: dr repository repair ${id} --wal ${found.segment}, or restore from that one (--from); an earlier moment needs neither`,
  });
}

/** A replay to the end of the WAL that ended before it. */
export async function refuseShortReplay(context: Reading, item: SetItem): Promise<void> {
  const { end, capture, walLast } = item;
  if (end.kind !== 'end-of-wal') return;
  const bytes = segmentBytesOf(capture);
  const { site } = context;
  const reached = await withClient(site, postgresSettings(site.environment), replayEnd);
  if (reached === undefined || segmentOfLsn(reached.lsn, bytes) >= segmentOfName(walLast, bytes)) return;
  await refuseDamagedWal(context, item, reached.lsn);
}

/** PostgreSQL's own words where it finds no more WAL before its target. */
export function endedEarly(error: unknown): boolean {
  return error instanceof DrError && /recovery ended before configured recovery target/.test(error.fact);
}
