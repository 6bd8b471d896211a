/** Base backups and received WAL of an external server: recovered aside to a moment, and from there into a server, by dump and load. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Site } from '../../../config/site.ts';
import { makeOwnedFolder, makeReachableFolder } from '../../../core/account.ts';
import { isWalTarget, parseTarget } from '../../../points/target.ts';
import { restoredFolder, trySnapshot } from '../../folder.ts';
import { layDown } from '../../lay-down.ts';
import { openDatabases } from '../../postgres/open-databases.ts';
import { readTables } from '../../postgres/trial.ts';
import type { SnapshotItem } from '../../restore-plan.ts';
import { check, judged, type RestoreContext, step, stepResult } from '../../restore-step.ts';
import { makeScratch } from '../../scratch.ts';
import type { Restored, WorkloadType } from '../../workload.ts';
import { dumpServer } from '../postgres/capture.ts';
import { loadDump } from '../postgres/load.ts';
import { addressOf, serverOf, withServer } from '../postgres/server.ts';
import { externalDump, loadedChecks, shortId } from '../postgres/workload.ts';
import { captureWal } from './capture.ts';
import { type Recovered, type ReplayEnd, withRecovered } from './recover.ts';

const dumpsIn = (destination: string): string => join(destination, 'recovered');

const receivedTo = ({ capture }: SnapshotItem): string => String(capture.facts.replayTo);

/** The moment of the restore, where it is one that the capture reaches, or its place in the WAL; otherwise the end of its WAL. */
function endOf({ plan }: Pick<RestoreContext, 'plan'>, item: SnapshotItem): ReplayEnd | undefined {
  const target = parseTarget(plan.target, 'later');
  if (isWalTarget(target)) return target;
  if (target.kind !== 'time') return undefined;
  const time = plan.target.replace(' ', 'T').replace(/ ?UTC$/, 'Z');
  return target.time.toISOString() > receivedTo(item) ? undefined : { kind: 'time', time };
}

/** Only the recovered server knows when the last commit before a place in the WAL was. */
async function lastReplayed({ site, server }: Recovered): Promise<string | undefined> {
  const text = `SELECT to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`;
  const { rows } = await withServer(site, server, (client) => client.query<{ at: string | null }>(text));
  return rows[0]?.at ?? undefined;
}

const notes = z.strictObject({ notes: z.array(z.string()), recoveredTo: z.string() });

/** What the server holds now need not stay on this disk too. */
async function dropFiles(destination: string): Promise<void> {
  for (const name of await readdir(destination)) {
    if (name !== 'recovered') await rm(join(destination, name), { recursive: true, force: true, maxRetries: 5 });
  }
  const dumps = dumpsIn(destination);
  for (const name of (await readdir(dumps)).filter((each) => each !== 'inventory.json'))
    await rm(join(dumps, name), { recursive: true, force: true });
}

async function recoverAndDump(context: RestoreContext, item: SnapshotItem, report: (detail: string) => void) {
  const { site, signal } = context;
  const { runAs, stateDir } = site.environment;
  const to = endOf(context, item);
  const scratch = await makeScratch(site, join(stateDir, 'recovering'));
  const dumps = dumpsIn(item.destination);
  try {
    await rm(dumps, { recursive: true, force: true });
    await makeOwnedFolder(dumps, runAs);
    const recovery = { folder: item.destination, scratch, to, receivedTo: receivedTo(item), report, signal };
    return await withRecovered(site, recovery, async (recovered) => {
      report('dump the recovered databases');
      await dumpServer(recovered.site, { server: recovered.server, folder: dumps, signal });
      if (to === undefined) return receivedTo(item);
      return to.kind === 'time' ? to.time : ((await lastReplayed(recovered)) ?? recovered.base.endedAt);
    });
  } finally {
    await scratch.remove();
  }
}

async function restore(context: RestoreContext, item: SnapshotItem): Promise<Restored> {
  const { site, plan, signal } = context;
  const begun = performance.now();
  const { workload, destination } = item;
  const server = serverOf(site.environment);
  await step(context, { item, id: `${workload}/copy`, what: 'fetch base backups and WAL' }, (report) =>
    layDown({ ...context, signal }, item, destination, report),
  );
  const loading = {
    item,
    id: `${workload}/load`,
    what: `recover aside, and load into ${addressOf(server)}`,
    result: notes,
  };
  const { notes: said, recoveredTo } = await stepResult(context, loading, async (report) => {
    const at = await recoverAndDump(context, item, report);
    const folder = dumpsIn(destination);
    const loaded = await loadDump(site, { server, folder, id: shortId(plan.id), report, signal });
    await dropFiles(destination);
    return { notes: [...loaded.notes], recoveredTo: at };
  });
  return {
    copySeconds: (performance.now() - begun) / 1000,
    recoveredTo: new Date(recoveredTo).toISOString(),
    ...(said.length === 0 ? {} : { note: said.join('; ') }),
  };
}

async function tried(site: Site, item: SnapshotItem, report: (detail: string) => void, signal?: AbortSignal) {
  const folder = join(site.environment.stateDir, 'trying-wal');
  await makeReachableFolder(site.environment.stateDir, folder, site.environment.runAs);
  const scratch = await makeScratch(site, folder);
  const recovery = { folder: item.destination, scratch, to: undefined, receivedTo: receivedTo(item), report, signal };
  try {
    return await withRecovered(site, recovery, async ({ site: aside, settings }) => {
      const names = await openDatabases(aside, settings);
      const read = await readTables(aside, settings, names, report);
      const title = `base backup and WAL were replayed, and every table of ${names.length} databases was read to its end`;
      const actual = `${read.tables} tables, ${read.rows} rows`;
      return {
        read,
        checks: [check(item, { id: `${item.workload}/replayed`, title, expected: 'no error', actual, ok: true })],
      };
    });
  } finally {
    await scratch.remove();
  }
}

export const externalWal: WorkloadType = {
  engines: ['restic'],
  intoServer: true,
  secrets: ({ external }) => ({ 'external.postgres.password': external?.postgres?.password }),
  capture: captureWal,
  destination: restoredFolder,
  ...(externalDump.isAlive === undefined ? {} : { isAlive: externalDump.isAlive }),
  ...(externalDump.preflight === undefined ? {} : { preflight: externalDump.preflight }),
  // The copy, the recovered server beside it, and its dumps.
  needs: async ({ stateDir }, { destination, capture }) => [
    { path: destination, bytes: 2 * capture.bytes },
    { path: stateDir, bytes: capture.bytes },
  ],
  restore,
  checks: (site, item) => loadedChecks(site, item, dumpsIn(item.destination)),
  async trial(site, item, request) {
    let read = { tables: 0, rows: 0 };
    const result = await trySnapshot(site, item, request, async (laid) => {
      const done = await tried(site, laid, request.report, request.signal);
      read = done.read;
      return judged(laid, done.checks);
    });
    return { ...result, ...read };
  },
};
