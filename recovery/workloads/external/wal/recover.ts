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
import { logSize, startServer, stopServer, waitUntilWritable } from '../../postgres/server.ts';
import { configure, type ScratchSettings } from '../../postgres/side/settings.ts';
import type { Scratch } from '../../workload.ts';
import type { Server } from '../postgres/server.ts';
import { type Base, chainIn, gapAfter, readBases, segmentsIn } from './chain.ts';

export interface Recovery {
  /** The laid-down capture; it is not changed. */
  readonly folder: string;
  readonly scratch: Pick<Scratch, 'folder' | 'sockets'>;
  /** ISO 8601; undefined for the end of the WAL. */
  readonly to: string | undefined;
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

/** The newest base that was complete before the moment. Throws `TARGET-UNREACHABLE` (exit 2), `CAPTURE-DAMAGED` (exit 5). */
async function chooseBase(folder: string, to: string | undefined): Promise<Base> {
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
  const found = bases.findLast(({ endedAt }) => to === undefined || Date.parse(endedAt) <= Date.parse(to));
  if (found !== undefined) return found;
  throw badInput({
    code: 'TARGET-UNREACHABLE',
    where: 'postgres-wal',
    fact: `its oldest base backup ended at ${oldest.endedAt}, after ${to}`,
    hint: 'take a later moment, or an earlier point',
  });
}

/** The segment that was written when the capture was made counts as far as it goes. */
async function completePartials(wal: string): Promise<void> {
  for (const name of (await namesIn(wal)).filter((each) => each.endsWith('.partial'))) {
    const whole = join(wal, name.replace(/\.partial$/, ''));
    if (!(await isThere(whole))) await rename(join(wal, name), whole);
  }
}

async function configureReplay(site: Site, settings: ScratchSettings, wal: string, to: string | undefined) {
  const target = to === undefined ? {} : { recovery_target_time: recoveryTime(to), recovery_target_action: 'promote' };
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

/**
 * An idle server commits nothing for hours: WAL that reaches the moment may end before it, and then all of it is what was there then.
 */
async function replay(
  site: Site,
  settings: ScratchSettings,
  lay: (to: string | undefined) => Promise<void>,
  { to, receivedTo, signal }: Recovery,
): Promise<void> {
  await lay(to);
  const logFrom = await logSize(settings);
  await startServer(site, settings);
  try {
    await waitUntilWritable(site, settings, { logFrom, signal });
  } catch (error) {
    const ended = error instanceof DrError && error.code === 'SERVER-START' && ENDED_EARLY.test(error.fact);
    if (!ended || to === undefined || Date.parse(to) > Date.parse(receivedTo)) throw error;
    await stopServer(site, settings, { cleansUp: true });
    await lay(undefined);
    await startServer(site, settings);
    await waitUntilWritable(site, settings, { signal });
  }
}

/** `use` gets the recovered server; it is stopped and removed afterwards. Throws `SERVER-START`, `TARGET-UNREACHABLE`. */
export async function withRecovered<T>(
  site: Site,
  recovery: Recovery,
  use: (recovered: Recovered) => Promise<T>,
): Promise<T> {
  const { folder, scratch, to, report } = recovery;
  const base = await chooseBase(folder, to);
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
    user: base.superuser,
    database: 'postgres',
    binDir,
  };
  const aside: Site = { ...site, environment: { ...site.environment, postgres: settings } };
  const copy = (from: string, at: string) =>
    site.run(['cp', '-a', '--reflink=auto', from, at], { as: runAs, cwd: '/', signal: recovery.signal });
  const lay = async (target: string | undefined): Promise<void> => {
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
    await replay(aside, settings, lay, recovery);
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
