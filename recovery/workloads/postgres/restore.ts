/** PostgreSQL: stop → lay the set down → a lineage of its own → replay → verify. */
import { chown, mkdir, mkdtemp, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseLineage } from '../../../plan/layout.ts';
import { postgresSettings } from '../../config/environment.ts';
import { readLineage, writeLineage } from '../../config/lineage.ts';
import { probeRepositories, reachable } from '../../config/repositories.ts';
import type { Site } from '../../config/site.ts';
import { ifAbsent, isThere } from '../../core/absent.ts';
import { lookUpAccount, makeOwnedFolder, writeOwnedFile } from '../../core/account.ts';
import { DrError, messageOf, precondition } from '../../core/errors.ts';
import { appendFile } from '../../core/files/writes.ts';
import { ENDED_SCRIPT } from '../../engines/pgbackrest/archive-script.ts';
import { endFetches } from '../../engines/pgbackrest/orphans.ts';
import { openPgBackRest } from '../../engines/pgbackrest/pgbackrest.ts';
import { restoreSet } from '../../engines/pgbackrest/restore.ts';
import { createStanza } from '../../engines/pgbackrest/sets.ts';
import { formatMicros, parseMicros } from '../../points/moment.ts';
import type { PostgresCapture } from '../../points/point.ts';
import type { SetItem } from '../restore-plan.ts';
import { type RestoreContext, redo, step, stepResult } from '../restore-step.ts';
import { besides } from '../swap.ts';
import type { Restored } from '../workload.ts';
import { postmasterPid } from './access/alive.ts';
import { effectiveSetting } from './access/launch.ts';
import { archiveSettings, archiveTimeout } from './archive/archiving.ts';
import { endedEarly, refuseDamagedWal, refuseShortReplay } from './archive/damaged-wal.ts';
import { rescuedBefore, rescueFolder, rescueWal } from './archive/rescue-wal.ts';
import { refuseMissingFiles } from './config/start.ts';
import { keepDamaged } from './host/keep-damaged.ts';
import { clearOutside, walFolder } from './host/outside.ts';
import { type HeldSettings, heldSchema, holdOutgoing, linesOf } from './outgoing/hold.ts';
import { releaseOutgoing } from './outgoing/release.ts';
import { preparedNotes } from './prepared.ts';
import { watchReplay } from './replay-stopped.ts';
import { logSize, startServer, stopServer, waitUntilWritable, withClient } from './server.ts';
import { openSource, sourceFolder } from './source.ts';
import { lastReplayedCommit } from './verify.ts';

/** A generation that neither this host nor any reachable repository has used for this site. */
async function freeGeneration(context: RestoreContext): Promise<{ generation: number; repositories: string[] }> {
  const { site } = context;
  const up = reachable(await probeRepositories(site, []));
  const used = [(await readLineage(site))?.generation ?? 0];
  for (const repository of up) {
    const { pgbackrestPrefix } = repository.layout;
    const store = await repository.store('writer');
    const names = new Set(
      (await store.list(pgbackrestPrefix)).map((o) => o.key.slice(pgbackrestPrefix.length).split('/')[0] ?? ''),
    );
    for (const name of names) {
      const lineage = parseLineage(name);
      if (lineage?.site === site.environment.site) used.push(lineage.generation);
    }
  }
  return { generation: Math.max(...used) + 1, repositories: up.map((r) => r.id) };
}

/** A server that still runs and calls the old lineage's script gets an error: its WAL stays on its own disk. */
async function endOldLineage(context: RestoreContext): Promise<void> {
  const { site } = context;
  const old = await readLineage(site);
  if (!old) return;
  const folder = join(site.environment.stateDir, 'pgbackrest', old.name);
  if (!(await isThere(folder))) return;
  await writeOwnedFile(join(folder, 'archive-push.sh'), ENDED_SCRIPT, 0o750, site.environment.runAs);
}

async function beginLineage(
  context: RestoreContext,
  capture: PostgresCapture,
): Promise<{ lineage: string; repositories: string[] }> {
  const { site } = context;
  const { generation, repositories } = await freeGeneration(context);
  await endOldLineage(context);
  const from = { repository: context.plan.repository, lineage: capture.lineage, set: capture.set };
  const lineage = await writeLineage(site, { generation, repositories, from, since: new Date().toISOString() });
  return { lineage: lineage.name, repositories };
}

/** `logical` holds more than `replica` does, and whoever subscribes here needs it. */
async function withoutTurningDown(site: Site, settings: Record<string, string>): Promise<Record<string, string>> {
  const { wal_level: _, ...others } = settings;
  const now = await effectiveSetting(site, postgresSettings(site.environment), 'wal_level');
  return now === 'logical' ? others : settings;
}

/**
 * The last line of a setting counts, so the new archive_command replaces whatever the set brought along. Idempotent.
 * @returns what else was written there, to hold what would reach out
 */
async function pointArchiveAt(
  context: RestoreContext,
  item: SetItem,
  { lineage, repositories }: z.infer<typeof beganLineage>,
): Promise<HeldSettings> {
  const { site } = context;
  // Both ask what the server would start with, before anything is added.
  await refuseMissingFiles(postgresSettings(site.environment), context.plan.target);
  const attached = [...site.repositories.values()].filter((r) => repositories.includes(r.id));
  const pgb = await openPgBackRest(site, { lineage, repositories: attached, role: 'writer' });
  const wanted = attached.length === 0 ? { archive_mode: 'off' } : archiveSettings(pgb, archiveTimeout(site));
  const settings = await withoutTurningDown(site, wanted);
  const own = postgresSettings(site.environment);
  const isHeld = item.heldBecause !== undefined;
  const held = await holdOutgoing(site, own, { isHeld, server: item.capture.server });
  const file = join(own.dataDir, 'postgresql.auto.conf');
  const lines = linesOf({ ...settings, ...held.lasting, ...held.forReplay });
  const text = await readFile(file, 'utf8').catch(ifAbsent(''));
  if (!text.endsWith(`${lines.join('\n')}\n`)) await appendFile(file, `\n${lines.join('\n')}\n`);
  const account = await lookUpAccount(site.environment.runAs);
  if (account) await chown(file, account.uid, account.gid);
  if (attached.length > 0) await createStanza(pgb, { online: false });
  return held;
}

/**
 * True when pgBackRest may keep what is right there (`--delta`). It does that only in a folder that it knows for a data directory; one
 * whose PG_VERSION is lost too is emptied first: its contents go beside it until everything is verified.
 */
async function keepsFiles({ plan }: RestoreContext, dataDir: string): Promise<boolean> {
  const names = await readdir(dataDir);
  if (names.includes('PG_VERSION') || names.includes('backup.manifest')) return true;
  if (names.length === 0) return false;
  const aside = besides(dataDir, plan.id, 'before');
  await mkdir(aside, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(aside, 'unknown-'));
  for (const name of names) {
    await rename(join(dataDir, name), join(folder, name)).catch((cause: unknown) => {
      throw precondition({
        code: 'DATA-DIR-UNKNOWN',
        where: dataDir,
        fact: `is not empty, holds no PG_VERSION, and "${name}" can't be moved beside it: ${messageOf(cause)}`,
        hint: `move its contents to another place by hand (rm them if they are worthless) and start the same command again`,
        cause,
      });
    });
  }
  return false;
}

/** Stays what it was when recovery ended, until the server is started anew. Undefined when no commit was replayed. */
async function lastReplayed(site: Site): Promise<string | undefined> {
  const settings = postgresSettings(site.environment);
  return withClient(site, settings, lastReplayedCommit, { database: 'postgres' });
}

const beganLineage = z.object({ lineage: z.string(), repositories: z.array(z.string()) });
const copyTime = z.object({ seconds: z.number() });
/** Without a commit nothing was replayed after the end of the set. */
const lastReplay = z.object({ lastCommit: z.string().optional() }).default({});

/** What PostgreSQL says of files of its own that are missing, cut short or changed. Never of its configuration, nor of WAL. */
const NOT_AS_LAID_DOWN =
  /is not a valid data directory|PG_VERSION|incorrect checksum in control file|could not read file "global\/pg_control"|could not open file "(?:global|base|pg_xact|pg_multixact)\/|could not (?:read|access) (?:file "(?:global|base|pg_xact|pg_multixact)\/|status of transaction)|relation mapping file|database files are incompatible|could not locate (?:a valid|required) checkpoint|invalid data in file "backup_label"|invalid page in block/;

export async function restorePostgres(context: RestoreContext, item: SetItem): Promise<Restored> {
  const { site, signal } = context;
  const { capture, end } = item;
  const settings = postgresSettings(site.environment);
  const id = (name: string) => `${item.workload}/${name}`;
  await step(context, { item, id: id('stop'), what: 'stop the server' }, () => stopServer(site, settings));
  const rescue = { item, id: id('rescue'), what: 'save WAL that was not shipped', result: z.array(z.string()) };
  const rescued = await stepResult(context, rescue, async () => {
    if (end.kind !== 'end-of-wal') return [];
    // Only WAL of the very lineage that is restored belongs after its archive.
    const same = (await readLineage(site))?.name === capture.lineage;
    return same
      ? rescueWal(site, capture.lineage, await walFolder(item), item.walLast)
      : rescuedBefore(site, capture.lineage, item.walLast);
  });
  const rescuedWal = rescued.length > 0 ? rescueFolder(site, capture.lineage) : undefined;
  const begin = { item, id: id('lineage'), what: 'begin a lineage of its own', result: beganLineage };
  const { lineage, repositories } = await stepResult(context, begin, () => beginLineage(context, capture));
  const note = await keepDamaged(context, item);
  if (!(await isThere(join(settings.dataDir, 'PG_VERSION'))))
    await redo(
      context,
      ['copy', 'archive', 'replay', 'subscriptions', 'release'].map(id),
      `${settings.dataDir} is gone`,
    );
  const copy = { item, id: id('copy'), what: 'copy files', result: copyTime };
  const copied = await stepResult(context, copy, async (report) => {
    // The server may have come back between two runs of this restore.
    await stopServer(site, settings);
    await makeOwnedFolder(settings.dataDir, site.environment.runAs);
    // A fresh volume's folder is root's.
    const account = await lookUpAccount(site.environment.runAs);
    if (account) await chown(settings.dataDir, account.uid, account.gid);
    await makeOwnedFolder(settings.socketDir, site.environment.runAs);
    const pgb = await openSource(context, capture, rescuedWal);
    const begun = performance.now();
    const delta = await keepsFiles(context, settings.dataDir);
    await clearOutside(site, context.plan.id, item, { delta });
    const onFraction = (fraction: number) => report(capture.set, fraction);
    const { source: repository } = context;
    await restoreSet(pgb, { repository, capture, end, dataDir: settings.dataDir, delta, onFraction, signal });
    return { seconds: (performance.now() - begun) / 1000 };
  });
  const archive = { item, id: id('archive'), what: `archive to ${lineage}, never to ${capture.lineage}` };
  const held = await stepResult(context, { ...archive, result: heldSchema }, () =>
    pointArchiveAt(context, item, { lineage, repositories }),
  );
  const replay = { item, id: id('replay'), what: 'replay the WAL', result: lastReplay };
  const replayed = await stepResult(context, replay, async (report) => {
    await refuseMissingFiles(settings, context.plan.target);
    const logFrom = await logSize(settings);
    try {
      const folder = sourceFolder(context);
      // One of an earlier try would hold up this replay, or hand it the error of a repository that is back.
      if ((await postmasterPid(settings)) === undefined) await endFetches(folder);
      const watch = watchReplay({ settings, folder });
      await startServer(site, settings);
      const onReplay = (lsn: string) => report(`replayed to ${lsn}`);
      await waitUntilWritable(site, settings, { logFrom, onReplay, watch, signal });
    } catch (error) {
      if (error instanceof DrError && error.code === 'DISK-FULL') await stopServer(site, settings);
      // Somebody has changed what was laid down: the copy is compared with the set again, and only what differs is fetched.
      if (error instanceof DrError && error.code === 'SERVER-START' && NOT_AS_LAID_DOWN.test(error.fact))
        await redo(context, ['copy', 'archive'].map(id), 'the server can’t start with its files: to be done again');
      if (endedEarly(error)) await refuseDamagedWal(context, item);
      throw error;
    }
    await refuseShortReplay(context, item).catch(async (error: unknown) => {
      // The server has left its timeline: with the segment back, it is laid down again.
      await redo(context, ['stop', 'copy', 'archive'].map(id), 'the replay ended early: to be done again');
      throw error;
    });
    return { lastCommit: await lastReplayed(site) };
  });
  // The machine may have gone down since an earlier run did that.
  await startServer(site, settings);
  await waitUntilWritable(site, settings, { signal });
  const notes = [
    ...(note === undefined ? [] : [note]),
    ...(await releaseOutgoing(context, item, held)),
    ...(await preparedNotes(site, settings)),
  ];
  // An idle database: nothing was committed between its last commit and the end of the set.
  const { lastCommit = capture.capturedAt } = replayed;
  const recoveredTo = formatMicros(Math.max(parseMicros(lastCommit), parseMicros(capture.capturedAt)));
  return { copySeconds: copied.seconds, recoveredTo, ...(notes.length === 0 ? {} : { note: notes.join('\n') }) };
}
