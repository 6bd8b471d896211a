/** A PostgreSQL of `dr`'s own, made of a base backup and received WAL: replayed to a moment, or to the end. */
import { chmod, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { isThere, namesIn } from '../../../core/absent.ts';
import { makeOwnedFolder, writeOwnedFile } from '../../../core/account.ts';
import { badInput, DrError, verificationFailed } from '../../../core/errors.ts';
import { withinCommand } from '../../../core/quote.ts';
import { findPostgresBin } from '../../../engines/find.ts';
import { recoveryTime } from '../../../engines/pgbackrest/restore.ts';
import { formatTarget, type WalTarget } from '../../../points/target.ts';
import { segmentOfLsn, segmentOfName } from '../../../points/wal-segment.ts';
import { logSize, startServer, stopServer, waitUntilWritable } from '../../postgres/server.ts';
import { configure, type ScratchSettings } from '../../postgres/side/settings.ts';
import type { Scratch } from '../../workload.ts';
import type { Server } from '../postgres/server.ts';
import { type Base, chainIn, gapAfter, readBases, segmentsIn } from './chain.ts';

/** A moment (ISO 8601), or a place that PostgreSQL itself finds in the WAL: replay stops just before it. */
export type ReplayEnd = { readonly kind: 'time'; readonly time: string } | WalTarget;

export interface Recovery {
  /** The laid-down capture; it is not changed. */
  readonly folder: string;
  readonly scratch: Pick<Scratch, 'folder' | 'sockets'>;
  /** Undefined for the end of the WAL. */
  readonly to: ReplayEnd | undefined;
  /** All commits before it are in the capture. ISO 8601. */
  readonly receivedTo: string;
  readonly report: (detail: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Recovered {
  /** Its environment names the recovered server. */
  readonly site: Site;
  readonly settings: PostgresSettings;
  readonly server: Server;
  readonly base: Base;
}

/**
 * The newest base that was complete before the moment; for a place in the WAL those from which replay may reach it, newest first. Never
 * empty. Throws `TARGET-UNREACHABLE` (exit 2), `CAPTURE-DAMAGED` (exit 5).
 */
async function chooseBases(folder: string, to: ReplayEnd | undefined): Promise<readonly [Base, ...Base[]]> {
  const bases = await readBases(chainIn(folder));
  const [oldest] = bases;
  if (oldest === undefined) {
    throw verificationFailed({
      code: 'CAPTURE-DAMAGED',
      where: folder,
      fact: 'the capture holds no base backup',
      hint: 'take another point or repository (`dr points`, --from)',
    });
  }
  const begins = ({ endedAt, firstWal, segmentBytes }: Base): boolean => {
    if (to?.kind === 'time') return Date.parse(endedAt) <= Date.parse(to.time);
    return to?.kind !== 'lsn' || segmentOfName(firstWal, segmentBytes) <= segmentOfLsn(to.lsn, segmentBytes);
  };
  const [newest, ...older] = bases.filter(begins).toReversed();
  if (newest === undefined) {
    throw badInput({
      code: 'TARGET-UNREACHABLE',
      where: 'postgres-wal',
      fact: `its oldest base backup (of ${oldest.endedAt}, from WAL ${oldest.firstWal} on) comes after ${wordsOf(to)}`,
      hint: 'take a later target, or an earlier point',
    });
  }
  return to === undefined || to.kind === 'time' ? [newest] : [newest, ...older];
}

const wordsOf = (to: ReplayEnd | undefined): string =>
  to === undefined ? 'the end' : to.kind === 'time' ? to.time : formatTarget(to);

/** As PostgreSQL's settings. */
function targetSettings(to: ReplayEnd): Record<string, string> {
  switch (to.kind) {
    case 'time':
      return { recovery_target_time: recoveryTime(to.time) };
    case 'xid':
      return { recovery_target_xid: to.xid, recovery_target_inclusive: 'off' };
    case 'lsn':
      return { recovery_target_lsn: to.lsn, recovery_target_inclusive: 'off' };
    case 'name':
      return { recovery_target_name: to.name };
  }
}

/** The segment that was written when the capture was made counts as far as it goes. */
async function completePartials(wal: string): Promise<void> {
  for (const name of (await namesIn(wal)).filter((each) => each.endsWith('.partial'))) {
    const whole = join(wal, name.replace(/\.partial$/, ''));
    if (!(await isThere(whole))) await rename(join(wal, name), whole);
  }
}

async function configureReplay(site: Site, settings: ScratchSettings, wal: string, to: ReplayEnd | undefined) {
  const target = to === undefined ? {} : { ...targetSettings(to), recovery_target_action: 'promote' };
  await configure(site, settings, {
    restore_command: `cp "${withinCommand(wal)}/%f" "%p"`,
    recovery_target_timeline: 'latest',
    ...target,
  });
  await writeOwnedFile(join(settings.dataDir, 'recovery.signal'), '', 0o600, site.environment.runAs);
}

/** Replay would end at a hole without a word. Throws `WAL-GAP` (exit 5). */
async function refuseGap(wal: string, { firstWal, segmentBytes, endedAt }: Base): Promise<void> {
  const gap = gapAfter(await segmentsIn(wal), firstWal, segmentBytes);
  if (gap === undefined) return;
  throw verificationFailed({
    code: 'WAL-GAP',
    where: 'postgres-wal',
    fact: `WAL ${gap} was not received: from the base backup of ${endedAt} no replay gets past it`,
    hint: 'take a moment before, or one after the next base backup (`dr points show ID` names them)',
  });
}

const ENDED_EARLY = /recovery ended before configured recovery target/;

const PASSED = /requested recovery stop point is before consistent recovery point/;

interface Laid {
  readonly bases: readonly [Base, ...Base[]];
  /** Makes the server's folder anew. */
  readonly lay: (base: Base, to: ReplayEnd | undefined) => Promise<void>;
  /** Throws `WAL-GAP`. */
  readonly refuseGap: (base: Base) => Promise<void>;
}

/** Undefined where this base did not lead to the target. */
async function startAt(site: Site, settings: ScratchSettings, signal?: AbortSignal): Promise<string | undefined> {
  const logFrom = await logSize(settings);
  await startServer(site, settings);
  try {
    await waitUntilWritable(site, settings, { logFrom, signal });
    return undefined;
  } catch (error) {
    const why = error instanceof DrError && error.code === 'SERVER-START' ? error.fact : '';
    if (!ENDED_EARLY.test(why) && !PASSED.test(why)) throw error;
    await stopServer(site, settings, { cleansUp: true });
    return why;
  }
}

/**
 * An idle server commits nothing for hours: WAL that reaches the moment may end before it, and then all of it is what was there then.
 * Only PostgreSQL finds a place in the WAL: a base that is too new for it has passed it, and the one before is tried.
 */
async function replay(site: Site, settings: ScratchSettings, laid: Laid, recovery: Recovery): Promise<Base> {
  const { to, receivedTo, signal } = recovery;
  for (const base of laid.bases) {
    await laid.lay(base, to);
    const missed = await startAt(site, settings, signal);
    if (missed === undefined) return base;
    if (to?.kind === 'time') {
      if (!ENDED_EARLY.test(missed) || Date.parse(to.time) > Date.parse(receivedTo))
        throw unreached(to, recovery, missed);
      await laid.lay(base, undefined);
      await startServer(site, settings);
      await waitUntilWritable(site, settings, { signal });
      return base;
    }
    if (ENDED_EARLY.test(missed)) await laid.refuseGap(base);
  }
  throw unreached(to, recovery, '');
}

function unreached(to: ReplayEnd | undefined, { receivedTo }: Recovery, said: string): DrError {
  const how = said === '' ? 'replay from each of its base backups did not meet it' : said;
  return badInput({
    code: 'TARGET-UNREACHABLE',
    where: 'postgres-wal',
    fact: `${wordsOf(to)} is not in this copy, whose WAL ends at ${receivedTo}: ${how}`,
    hint: 'copy what was received since (dr backup --kind incremental --only postgres-wal), or take a time',
  });
}

/** `use` gets the recovered server; it is stopped and removed afterwards. Throws `SERVER-START`, `TARGET-UNREACHABLE`. */
export async function withRecovered<T>(
  site: Site,
  recovery: Recovery,
  use: (recovered: Recovered) => Promise<T>,
): Promise<T> {
  const { folder, scratch, to, report } = recovery;
  const bases = await chooseBases(folder, to);
  const { runAs, external, postgres } = site.environment;
  const binDir = await findPostgresBin(external?.postgres?.binDir ?? postgres?.binDir);
  const place = join(scratch.folder, 'postgres');
  const [dataDir, wal] = [join(place, 'data'), join(place, 'wal')];
  const settings: ScratchSettings = {
    dataDir,
    configDir: join(place, 'config'),
    logFile: join(place, 'postgres.log'),
    socketDir: scratch.sockets,
    port: 5432,
    user: bases[0].superuser,
    database: 'postgres',
    binDir,
  };
  const aside: Site = { ...site, environment: { ...site.environment, postgres: settings } };
  const copy = (from: string, at: string) =>
    site.run(['cp', '-a', '--reflink=auto', from, at], { as: runAs, cwd: '/', signal: recovery.signal });
  const lay = async (base: Base, target: ReplayEnd | undefined): Promise<void> => {
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
    await makeOwnedFolder(place, runAs);
    report(`base backup of ${base.endedAt}`);
    await copy(join(chainIn(folder).bases, base.id), dataDir);
    await chmod(dataDir, 0o700);
    await copy(chainIn(folder).wal, wal);
    await completePartials(wal);
    if (target === undefined) await refuseGap(wal, base);
    await configureReplay(aside, settings, wal, target);
  };
  try {
    const laid: Laid = { bases, lay, refuseGap: (base) => refuseGap(wal, base) };
    const base = await replay(aside, settings, laid, recovery);
    const server: Server = {
      host: settings.socketDir,
      port: settings.port,
      user: base.superuser,
      binDir,
      maintenance: 'postgres',
      databases: external?.postgres?.databases,
      tls: 'disable',
      field: 'external.postgres',
    };
    return await use({ site: aside, settings, server, base });
  } finally {
    await stopServer(aside, settings, { cleansUp: true }).catch((error: unknown) =>
      site.log.warn({ error: String(error) }, 'the recovered server was not stopped'),
    );
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  }
}
