/**
 * What is checked before anything is touched: does the WAL of this one repository lead from the set to the target, does this host's
 * PostgreSQL fit the set, and does the data directory belong to the same cluster?
 */
import { realpath } from 'node:fs/promises';
import { type PostgresSettings, postgresSettings } from '../../../config/environment.ts';
import { readLineage } from '../../../config/lineage.ts';
import type { Repository, Site } from '../../../config/site.ts';
import { badInput, type DrError } from '../../../core/errors.ts';
import type { PgBackRest } from '../../../engines/pgbackrest/pgbackrest.ts';
import type { RecoveryEnd } from '../../../engines/pgbackrest/restore.ts';
import { lastCommit, walOf } from '../../../engines/pgbackrest/wal.ts';
import { formatMicros, type Micros, parseMicros } from '../../../points/moment.ts';
import type { PostgresCapture } from '../../../points/point.ts';
import type { Place } from '../../../points/resolve/types.ts';
import { formatTarget, type Target } from '../../../points/target.ts';
import { type WalRange, walPath } from '../../../points/wal.ts';
import { segmentBytesOf, segmentOfLsn, segmentOfName } from '../../../points/wal-segment.ts';
import { socketHolder } from '../access/stale-locks.ts';
import { dataDirMajor, readControlData, serverMajor } from './control-data.ts';

/** A warning: what this host has written in a lineage of its own is in no target, and the restore overwrites it. */
export async function lineageNote(site: Site, capture: PostgresCapture): Promise<string[]> {
  const own = await readLineage(site);
  if (!own || own.name === capture.lineage) return [];
  return [`the set is of ${capture.lineage}; what was written here since ${own.since} (${own.name}) is not in it`];
}

export type WantedEnd =
  | { kind: 'end-of-wal' }
  | { kind: 'immediate' }
  | { kind: 'time'; time: Micros }
  | { kind: 'place'; place: Place; target: Target };

export interface WalReach {
  readonly end: RecoveryEnd;
  readonly range: WalRange;
  /** ISO 8601: the last moment that can be reached, just before the last commit. */
  readonly lastCommit: string;
}

function unreachable(where: string, fact: string, reachable: string, hint: string): DrError {
  return badInput({
    code: 'TARGET-UNREACHABLE',
    where,
    fact: `${fact}; the last moment that can be reached is ${reachable}`,
    hint,
  });
}

function endOfPlace({ lsn, timeline, inclusive }: Place, target: Target): RecoveryEnd {
  return target.kind === 'xid'
    ? { kind: 'xid', timeline, xid: target.xid, lsn }
    : { kind: 'lsn', timeline, lsn, inclusive };
}

/** Every segment from the set to the place must be there: replay would end before it. */
function reachesPlace(names: ReadonlySet<string>, capture: PostgresCapture, { lsn, timeline }: Place): boolean {
  const bytes = segmentBytesOf(capture);
  const number = segmentOfLsn(lsn, bytes);
  const own = new Set([...names].filter((name) => Number.parseInt(name.slice(0, 8), 16) <= timeline));
  return walPath(own, capture.walStart, bytes).some((name) => segmentOfName(name, bytes) === number);
}

export interface WalQuestion {
  readonly repository: Repository;
  readonly capture: PostgresCapture;
  readonly wanted: WantedEnd;
}

/** Throws `TARGET-UNREACHABLE` (exit 2) with the last reachable time. */
export async function checkWal(
  site: Site,
  pg: PgBackRest,
  { repository, capture, wanted }: WalQuestion,
): Promise<WalReach> {
  const where = `postgres in ${repository.id}`;
  const wal = await walOf(pg, repository, capture);
  const { range } = wal;
  const stopAt = capture.walStop.slice(8);
  if (!range || range.last.slice(8) < stopAt) {
    const missing = range?.gap ?? capture.walStart;
    throw badInput({
      code: 'TARGET-UNREACHABLE',
      where,
      fact: `WAL segment ${missing}, which the set ${capture.set} itself needs, is missing`,
      hint: 'choose an older point or another repository (`dr points`)',
    });
  }
  const last = await lastCommit(site, pg, {
    repository,
    files: wal.files,
    range,
    first: capture.walStart,
    segmentBytes: segmentBytesOf(capture),
  });
  const reached = last?.time ?? parseMicros(capture.capturedAt);
  const reachedText = formatMicros(reached);
  const { timeline } = range;
  if (wanted.kind === 'immediate')
    return { end: { kind: 'immediate', timeline: capture.timeline }, range, lastCommit: reachedText };
  if (wanted.kind === 'place') {
    const { place, target } = wanted;
    if (reachesPlace(new Set(wal.files.keys()), capture, place))
      return { end: endOfPlace(place, target), range, lastCommit: reachedText };
    const fact = `WAL segment ${range.gap ?? range.last} is missing between the set ${capture.set} and ${formatTarget(target)} (${place.lsn})`;
    throw unreachable(where, fact, reachedText, 'name another repository with --from, or an earlier target');
  }
  const again = `restore to that moment: --to ${reachedText}, or name another repository with --from`;
  if (wanted.kind === 'time') {
    const time = formatMicros(wanted.time);
    if (wanted.time <= reached) return { end: { kind: 'time', timeline, time }, range, lastCommit: reachedText };
    if (range.gap !== undefined)
      throw unreachable(where, `WAL segment ${range.gap} is missing before ${time}`, reachedText, again);
    const hint = `take all there is with --to latest, or a moment up to then: --to ${reachedText}`;
    throw unreachable(where, `${time} lies after the last commit in the archived WAL`, reachedText, hint);
  }
  if (range.gap !== undefined)
    throw unreachable(where, `WAL segment ${range.gap} is missing and later ones are there`, reachedText, again);
  return { end: { kind: 'end-of-wal', timeline }, range, lastCommit: reachedText };
}

async function isSameFolder(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.allSettled([realpath(one), realpath(other)]);
  return a.status === 'fulfilled' && b.status === 'fulfilled' && a.value === b.value;
}

/** Several clusters live on one host: the restored one could not start, and questions would reach the other one. */
async function refuseSocketInUse(settings: PostgresSettings): Promise<void> {
  const holder = await socketHolder(settings);
  if (holder === undefined || (await isSameFolder(holder, settings.dataDir))) return;
  throw badInput({
    code: 'POSTGRES-SOCKET-IN-USE',
    where: 'postgres.socketDir',
    fact: `port ${settings.port} in ${settings.socketDir} belongs to the PostgreSQL that runs on ${holder}, and the environment file names ${settings.dataDir}`,
    hint: 'name the port and the socket folder of the cluster that is meant',
  });
}

/** Throws `POSTGRES-VERSION`, `POSTGRES-OTHER-CLUSTER` or `POSTGRES-SOCKET-IN-USE` (exit 2). */
export async function checkServer(site: Site, capture: PostgresCapture): Promise<void> {
  const settings = postgresSettings(site.environment);
  const wanted = Number(capture.serverVersion.split('.')[0]);
  const found = await serverMajor(site, settings);
  if (found !== wanted) {
    throw badInput({
      code: 'POSTGRES-VERSION',
      where: 'postgres',
      fact: `the set ${capture.set} is of PostgreSQL ${wanted}, this host has ${found}`,
      hint: `install PostgreSQL ${wanted}, or restore the logical dump into a running server: --only postgres-dump --into-database NAME`,
    });
  }
  await refuseSocketInUse(settings);
  const there = await readControlData(site, settings);
  if (there && there.systemId !== capture.systemId) {
    throw badInput({
      code: 'POSTGRES-OTHER-CLUSTER',
      where: settings.dataDir,
      fact: `holds the cluster ${there.systemId}, and the point is of ${capture.systemId}`,
      hint: 'move that data directory away by hand if it is really to be replaced, or name another one in the environment file',
    });
  }
  const major = await dataDirMajor(settings.dataDir);
  if (major !== undefined && major !== wanted) {
    throw badInput({
      code: 'POSTGRES-VERSION',
      where: settings.dataDir,
      fact: `holds a data directory of PostgreSQL ${major}, the set is of ${wanted}`,
      hint: 'move it away by hand if it is really to be replaced',
    });
  }
}
