/** The followed site's part in a failover: it is stopped, what it wrote has arrived, and the stack learns where it ended. */
import { z } from 'zod';
import { formatDuration } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import { DrError, precondition } from '../core/errors.ts';
import { poll } from '../core/poll.ts';
import { type ArchivedSegment, archivedSegments, newestSegment } from '../points/wal.ts';
import {
  DEFAULT_SEGMENT_BYTES,
  formatLsn,
  type Lsn,
  placeOfSegment,
  type SegmentBytes,
} from '../points/wal-segment.ts';
import type { ConfigValues } from '../pulumi/engine.ts';
import { limitsOf } from './plan.ts';
import { type FailoverPorts, pollOptions } from './ports.ts';
import type { SiteStack } from './stack.ts';
import { stopSite } from './stop-site.ts';
import type { FailoverPlan, FailoverRequest, OldSite } from './types.ts';

/**
 * A push of one segment takes seconds. Beside a repository that does not answer, PostgreSQL pauses a minute after three tries, and the others
 * get what waits with the next one. WAL that has not arrived by then is reported as lost.
 */
const SHIP_SECONDS = 300;

export const stoppedSchema = z.object({
  how: z.enum(['cluster', 'object only']),
  /** The last position of its database. */
  lsn: z.string().optional(),
  /** Whether the archive holds everything up to there. A journal of an older version lacks it. */
  archived: z.boolean().default(false),
});
export type StoppedOld = z.infer<typeof stoppedSchema>;

export interface Course {
  readonly ports: FailoverPorts;
  readonly plan: Plan;
  readonly request: FailoverRequest;
  /** Both sites as they were before the first change. */
  readonly planned: FailoverPlan;
}

interface Shipped {
  readonly repository: string;
  readonly lineage: string;
  readonly lsn: Lsn;
  readonly bytes: SegmentBytes;
}

/** Waits until the archive holds everything up to there, or no longer than WAL takes to be shipped. */
export async function untilArchived(
  ports: Pick<FailoverPorts, 'openStorage' | 'progress' | 'signal' | 'timeoutFactor'>,
  stack: SiteStack,
  { repository, lineage, lsn, bytes }: Shipped,
): Promise<{ readonly newest: ArchivedSegment | undefined; readonly accepted: boolean }> {
  const place = stack.storage[repository];
  if (place === undefined) throw new TypeError(`${stack.name} has no ${repository}`);
  const store = await ports.openStorage(place);
  const step = 'fence/archive';
  const title = `WAL up to ${formatLsn(lsn)} in ${repository}`;
  ports.progress({ step, title, state: 'start' });
  const { answer: newest, accepted } = await poll(
    pollOptions(ports, SHIP_SECONDS),
    async () => newestSegment(await archivedSegments(store, stack.layout, lineage)),
    (found) => found !== undefined && placeOfSegment(found.name, bytes).end >= lsn,
  );
  ports.progress({ step, title, state: accepted ? 'done' : 'failed' });
  return { newest, accepted };
}

/**
 * Waits until the archive holds all WAL of the old leader. False where it does not, and the loss is within the limit. Throws
 * `LOSS-TOO-GREAT` (exit 6) when too much is missing.
 */
async function waitForArchive({ ports, plan, request, planned }: Course, stack: SiteStack, lsn: Lsn): Promise<boolean> {
  const { repository, lineage } = planned.follows;
  if (stack.storage[repository] === undefined) return false;
  const stoppedAt = ports.now();
  const { standby } = planned;
  const bytes = standby.state === 'reached' ? standby.found.segmentBytes : DEFAULT_SEGMENT_BYTES;
  const { newest, accepted } = await untilArchived(ports, stack, { repository, lineage, lsn, bytes });
  const { maxLossSeconds, limitFrom } = limitsOf(plan, request);
  const lost = newest === undefined ? Number.POSITIVE_INFINITY : (stoppedAt.getTime() - newest.at.getTime()) / 1000;
  if (accepted || lost <= maxLossSeconds) return accepted;
  throw precondition({
    code: 'LOSS-TOO-GREAT',
    where: planned.follows.lineage,
    fact: `it has written up to ${formatLsn(lsn)}, but the archive ends with ${newest?.name ?? 'nothing'}: up to ${formatDuration(lost)} are lost; the limit is ${formatDuration(maxLossSeconds)} (${limitFrom})`,
    hint: 'its database still runs, takes no writes and goes on archiving: the same command waits on; or accept the loss: --max-loss DURATION',
  });
}

/** Without `allowUnfenced`, a site that can't be stopped ends the failover here. */
export async function fenceOldSite(course: Course, stack: SiteStack): Promise<StoppedOld> {
  const { request, ports } = course;
  if (request.old === undefined) return { how: 'object only', archived: false };
  try {
    return await stopOld(course, stack, request.old);
  } catch (error) {
    if (!request.allowUnfenced || !(error instanceof DrError) || error.code === 'LOSS-TOO-GREAT') throw error;
    ports.progress({ step: 'fence/cluster', title: 'stop the old site', state: 'failed', detail: error.fact });
    return { how: 'object only', archived: false };
  }
}

async function stopOld(course: Course, stack: SiteStack, old: OldSite): Promise<StoppedOld> {
  const { ports, request, planned } = course;
  await using cluster = await ports.openCluster(old.cluster);
  const why = `dr failover --stack ${request.stack}: ${planned.follows.lineage} no longer leads`;
  let archived = false;
  const stopped = await stopSite({
    cluster,
    namespaces: old.namespaces,
    why,
    ports,
    beforeDatabase: async (written) => {
      archived = await waitForArchive(course, stack, written);
    },
  });
  return { how: 'cluster', archived, ...(stopped.lsn === undefined ? {} : { lsn: formatLsn(stopped.lsn) }) };
}

/** A site whose end is known needs no two minutes of silence as a sign that it is stopped. */
export async function endOf(
  { planned }: Pick<Course, 'planned'>,
  stack: SiteStack,
  { lsn, archived }: StoppedOld,
): Promise<ConfigValues> {
  const { standby } = await stack.engine.config();
  if (lsn === undefined || !archived || typeof standby?.value !== 'object') return {};
  return { standby: { value: { ...standby.value, end: { lineage: planned.follows.lineage, lsn } } } };
}
