/**
 * A side instance: the database of a moment beside the live one, to be asked and read. It is recovered from a set and its WAL into a scratch
 * place, stays in recovery, and can be replayed further forward. It has a socket of its own, no network, and archives nothing.
 */
import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { layout } from '../../../../plan/layout.ts';
import type { PostgresSettings } from '../../../config/environment.ts';
import type { Repository, Site } from '../../../config/site.ts';
import { isThere } from '../../../core/absent.ts';
import { makeOwnedFolder, makeReachableFolder, writeOwnedFile } from '../../../core/account.ts';
import { badInput, DrError, precondition } from '../../../core/errors.ts';
import { writeFile } from '../../../core/files/writes.ts';
import { holderName } from '../../../core/holder.ts';
import { poll } from '../../../core/poll.ts';
import { settingLine } from '../../../core/quote.ts';
import { leaseCaptures, whileRenewed } from '../../../engines/leased.ts';
import { type RecoveryEnd, recoveryTime } from '../../../engines/pgbackrest/restore.ts';
import type { PostgresCapture } from '../../../points/point.ts';
import { openStateStore } from '../../../storage/posix/store.ts';
import { withLock } from '../../../storage/with-lock.ts';
import { checkRoom, makeScratch, socketsLeft } from '../../scratch.ts';
import type { Scratch } from '../../workload.ts';
import type { SessionOptions } from '../access/session.ts';
import { readControlLimits } from '../host/control-data.ts';
import { watchReplay } from '../replay-stopped.ts';
import { logSize, startServer, stopServer, waitForServer, withClient } from '../server.ts';
import { sourceFolder } from '../source.ts';
import { layDown } from './lay-down.ts';
import { configure, engineFolder, type ScratchSettings, scratchSettings } from './settings.ts';

/** Where the replay pauses. */
export type SideEnd = Exclude<RecoveryEnd, { kind: 'end-of-wal' }>;

export interface SideRequest {
  /** The repository, or a copy of its state at a moment. */
  readonly repository: Repository;
  readonly capture: PostgresCapture;
  /** The point that names the set, in the repository that is to keep it meanwhile. Absent for a copy aside of an earlier state. */
  readonly lease?: { readonly repository: Repository; readonly point: string } | undefined;
  readonly end: SideEnd;
  /** For whoever finds the lock held: `dr find --check`. */
  readonly what: string;
  readonly report: (detail: string, fraction?: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Side {
  /** The site as seen from the side instance: its environment names the private socket. */
  readonly site: Site;
  readonly settings: PostgresSettings;
  /** Scratch folder, closed to others; it goes with the instance. */
  readonly folder: string;
  /** A session; what writes is refused by the server. */
  ask<T>(use: (client: pg.Client) => Promise<T>, session?: SessionOptions): Promise<T>;
  /** Replays on to a later place and pauses there. Throws `TARGET-UNREACHABLE` (exit 2) where the WAL does not lead to it. */
  advance(end: SideEnd): Promise<void>;
}

/** WAL that is fetched ahead, and a little for the server's own files. */
const BESIDE_THE_SET = 512 * 1024 * 1024;

/** Bytes that a side instance of a set takes on the disk. */
export function bytesOfSide({ bytes }: PostgresCapture): number {
  return bytes + BESIDE_THE_SET;
}

const placeOf = ({ environment }: Site): string => join(environment.stateDir, 'side');

/** Throws `DISK-TOO-SMALL` (exit 6). */
export async function checkSideRoom(site: Site, capture: PostgresCapture, more = 0): Promise<void> {
  const folder = placeOf(site);
  await makeReachableFolder(site.environment.stateDir, folder, site.environment.runAs);
  const hint = 'make room there, or use a host that has more: it needs only dr.yaml and the keys';
  await checkRoom({ folder }, bytesOfSide(capture) + more, 'a side instance', hint);
}

/**
 * One at a time on a site. What an earlier run left behind when it was killed is ended and removed first.
 * Throws `LOCKED` (exit 6), `DISK-TOO-SMALL` (exit 6), `TARGET-UNREACHABLE` (exit 2), and what pgBackRest and the server say.
 */
export async function withSide<T>(site: Site, request: SideRequest, use: (side: Side) => Promise<T>): Promise<T> {
  const key = layout(site.environment.name).lock(`side-${site.environment.site}`);
  return withLock(openStateStore(site.environment.stateDir), key, { what: request.what }, async (_, lost) => {
    const signal = request.signal === undefined ? lost : AbortSignal.any([request.signal, lost]);
    await clearLeft(site);
    await checkSideRoom(site, request.capture);
    return whileLeased(site, { ...request, signal }, async () => {
      const scratch = await makeScratch(site, placeOf(site));
      try {
        return await inScratch(site, scratch, { ...request, signal }, use);
      } finally {
        await scratch.remove();
      }
    });
  });
}

/** Throws `POINT-GONE` and `LOCKED` (exit 6). */
async function whileLeased<T>(site: Site, request: SideRequest, work: () => Promise<T>): Promise<T> {
  const { lease, repository: source, capture, what, report, signal } = request;
  if (lease === undefined) return work();
  const { repository, point } = lease;
  const leases = await leaseCaptures(site, {
    repository,
    source,
    read: [{ point, capture }],
    holder: `${what} ${holderName()}`,
    folder: sourceFolder({ site, source }),
    step: 'side/lease',
    progress: ({ title, detail, state }) => (state === 'start' ? report(`${title}: ${detail}`) : undefined),
    signal,
  });
  try {
    return await whileRenewed(site, leases, work);
  } finally {
    await leases.release();
  }
}

/** The server of a run that was killed still runs. */
async function clearLeft(site: Site): Promise<void> {
  const folder = placeOf(site);
  if (!(await isThere(join(folder, 'postgres')))) return;
  const left: Scratch = { folder, sockets: await socketsLeft(folder), remove: async () => undefined };
  await stopAside(site, scratchSettings(site, left));
}

async function stopAside(site: Site, settings: ScratchSettings): Promise<void> {
  const aside = asideOf(site, settings);
  await stopServer(aside, settings, { cleansUp: true });
}

function asideOf(site: Site, settings: ScratchSettings): Site {
  return { ...site, environment: { ...site.environment, postgres: settings } };
}

async function inScratch<T>(
  site: Site,
  scratch: Scratch,
  request: SideRequest,
  use: (side: Side) => Promise<T>,
): Promise<T> {
  const settings = scratchSettings(site, scratch);
  const aside = asideOf(site, settings);
  const { runAs, stateDir } = site.environment;
  await makeReachableFolder(stateDir, join(scratch.folder, 'postgres'), runAs);
  await makeOwnedFolder(settings.dataDir, runAs);
  await chmod(settings.dataDir, 0o700);
  await writeFile(
    join(scratch.folder, 'README'),
    'A side instance of `dr find` or `dr restore --table`; it may be removed.\n',
  );
  try {
    const { capture, end, report, signal } = request;
    const laid = { capture, end: { kind: 'end-of-wal', timeline: end.timeline }, settings } as const;
    await layDown(aside, laid, { repository: request.repository, scratch, report, signal });
    await configure(aside, settings, { ...(await limits(aside, settings)), ...AS_SIDE });
    await setTarget(aside, settings, end);
    await replay(aside, settings, scratch, request);
    return await use({
      site: aside,
      settings,
      folder: scratch.folder,
      ask: (ask, session = {}) => withClient(aside, settings, ask, session),
      async advance(next) {
        await stopServer(aside, settings);
        await setTarget(aside, settings, next);
        await replay(aside, settings, scratch, { ...request, end: next });
      },
    });
  } finally {
    await stopAside(site, settings).catch((error: unknown) =>
      site.log.warn({ error: String(error) }, 'the side instance was not stopped'),
    );
    await rm(join(scratch.folder, 'postgres'), { recursive: true, force: true, maxRetries: 5 });
  }
}

/** It is asked while it is in recovery, and nothing else may be on its mind. */
const AS_SIDE = {
  hot_standby: 'on',
  // A query that takes long must not be ended by what is replayed.
  max_standby_archive_delay: '-1',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
} as const;

/** Twice what the primary had when the set was made: it may have been raised since, and a replay would stop there. */
async function limits(site: Site, settings: PostgresSettings): Promise<Record<string, string>> {
  const found = await readControlLimits(site, settings);
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, String(2 * value + 10)]));
}

function recoverySettings(end: SideEnd): Record<string, string> {
  const common = { recovery_target_timeline: String(end.timeline), recovery_target_action: 'pause' };
  switch (end.kind) {
    case 'immediate':
      return { ...common, recovery_target: 'immediate' };
    case 'time':
      return { ...common, recovery_target_time: recoveryTime(end.time) };
    case 'xid':
      return { ...common, recovery_target_xid: end.xid, recovery_target_inclusive: 'off' };
    case 'lsn':
      return { ...common, recovery_target_lsn: end.lsn, recovery_target_inclusive: end.inclusive ? 'on' : 'off' };
  }
}

/** In the place of the target before: PostgreSQL refuses a second one, even an empty one. */
async function setTarget(site: Site, { dataDir }: PostgresSettings, end: SideEnd): Promise<void> {
  const file = join(dataDir, 'postgresql.auto.conf');
  const kept = (await readFile(file, 'utf8')).split('\n').filter((line) => !/^\s*recovery_target/.test(line));
  const lines = Object.entries(recoverySettings(end)).map(([name, value]) => settingLine(name, value));
  await writeOwnedFile(file, `${[...kept, ...lines].join('\n')}\n`, 0o600, site.environment.runAs);
}

/** Starts the server and waits until its replay has paused at the target. */
async function replay(
  site: Site,
  settings: PostgresSettings,
  scratch: Scratch,
  { report, signal, end, capture }: SideRequest,
): Promise<void> {
  const logFrom = await logSize(settings);
  await startServer(site, settings);
  const watch = watchReplay({ settings, folder: engineFolder(scratch) });
  try {
    await waitForServer(site, settings, (client) => untilPaused(client, { report, watch, signal }), {
      logFrom,
      watch,
      signal,
    });
  } catch (error) {
    if (!(error instanceof DrError) || error.code !== 'SERVER-START') throw error;
    if (!/recovery ended before configured recovery target/.test(error.fact)) throw error;
    throw badInput({
      code: 'TARGET-UNREACHABLE',
      where: `side instance of ${capture.set}`,
      fact: `the WAL ended before ${end.kind === 'time' ? end.time : end.kind === 'lsn' ? end.lsn : end.kind === 'xid' ? `transaction ${end.xid}` : 'the end of the set'}`,
      hint: 'take an earlier target, or another repository with --from',
      cause: error,
    });
  }
}

const ASK_SECONDS = 0.05;

interface Pausing {
  readonly report: SideRequest['report'];
  readonly watch: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

async function untilPaused(client: pg.Client, { report, watch, signal }: Pausing): Promise<void> {
  const state = async (): Promise<boolean> => {
    await watch();
    const { rows } = await client.query<{ recovering: boolean; paused: boolean; lsn: string | null }>(
      'SELECT pg_is_in_recovery() AS recovering, pg_is_wal_replay_paused() AS paused, pg_last_wal_replay_lsn()::text AS lsn',
    );
    const [row] = rows;
    if (row?.recovering !== true)
      throw precondition({
        code: 'REPLAY-PAST-TARGET',
        where: 'side instance',
        fact: 'its replay ended and did not pause at the target',
        hint: 'this is a bug in dr: please report it',
      });
    report(`replayed to ${row.lsn ?? 'the start'}`);
    return row.paused;
  };
  const every = { seconds: Number.POSITIVE_INFINITY, everySeconds: ASK_SECONDS, signal };
  await poll(every, state, (paused) => paused);
}
