/** MySQL: a logical dump in restic, loaded into a new data directory. */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Workload } from '../../../../plan/types.ts';
import type { Site } from '../../../../recovery/config/site.ts';
import { isThere } from '../../../../recovery/core/absent.ts';
import { discard, freshFolder } from '../../../../recovery/workloads/capture.ts';
import { besides, layDown, trySnapshot } from '../../../../recovery/workloads/folder.ts';
import type { SnapshotItem } from '../../../../recovery/workloads/restore-plan.ts';
import {
  type Check,
  check,
  judged,
  type RestoreContext,
  redo,
  step,
} from '../../../../recovery/workloads/restore-step.ts';
import type { Staged, TrialRequest, WorkloadType } from '../../../../recovery/workloads/workload.ts';
import { answers, type MysqlSettings, makeDataDir, mysqlSettings, query, startServer, stopServer } from './server.ts';

const DUMP = 'dump.sql';

/** Table → its rows. */
async function countRows(site: Site, settings: MysqlSettings): Promise<Record<string, number>> {
  const { database } = settings;
  const tables = await query(site, settings, `SHOW TABLES FROM \`${database}\``);
  const counts: Record<string, number> = {};
  for (const [table = ''] of tables) {
    const [row] = await query(site, settings, `SELECT count(*) FROM \`${database}\`.\`${table}\``);
    counts[`rows:${table}`] = Number(row?.[0]);
  }
  return counts;
}

async function captureDump(site: Site, workload: Workload, signal: AbortSignal | undefined): Promise<Staged> {
  const settings = mysqlSettings(site.environment);
  const folder = await freshFolder(site, workload);
  await mkdir(folder, { mode: 0o700 });
  // Without its date, so that an unchanged database gives the same bytes.
  const flags = ['--single-transaction', '--routines', '--events', '--skip-dump-date', `--socket=${settings.socket}`];
  const file = { stdoutFile: join(folder, DUMP), signal };
  await site.run(['mariadb-dump', ...flags, '--databases', settings.database], file);
  return { path: folder, facts: await countRows(site, settings), remove: discard(folder) };
}

async function load(site: Site, settings: MysqlSettings, folder: string): Promise<void> {
  await query(site, settings, `source ${join(folder, DUMP)}`);
}

async function restore(context: RestoreContext, item: SnapshotItem): Promise<undefined> {
  const { site, plan } = context;
  const settings = mysqlSettings(site.environment);
  const fresh = besides(settings.dataDir, plan.id, 'new');
  const doing = (name: string, what: string) => ({ item, id: `${item.workload}/${name}`, what });
  if (!(await isThere(fresh)) && !(await isThere(settings.dataDir)))
    await redo(
      context,
      ['copy', 'load'].map((name) => `${item.workload}/${name}`),
      `${settings.dataDir} is gone`,
    );
  await step(context, doing('copy', 'copy the dump'), (report) => layDown(context, item, fresh, report));
  await step(context, doing('load', 'load the dump into a new data directory'), async () => {
    await stopServer(site, settings);
    await rm(settings.dataDir, { recursive: true, force: true });
    await mkdir(dirname(settings.dataDir), { recursive: true });
    await makeDataDir(site, settings);
    await startServer(site, settings);
    await load(site, settings, fresh);
  });
  // The machine may have gone down since an earlier run did that.
  await startServer(site, settings);
  await rm(fresh, { recursive: true, force: true });
}

async function rowChecks(site: Site, item: SnapshotItem): Promise<Check[]> {
  const found = await countRows(site, mysqlSettings(site.environment));
  return Object.entries(item.capture.facts).map(([fact, rows]) =>
    check(item, {
      id: `${item.workload}/${fact}`,
      title: `rows of ${fact.slice('rows:'.length)}`,
      expected: String(rows),
      actual: String(found[fact] ?? 'no such table'),
    }),
  );
}

/** Loads the dump into a server of the trial's own, which ends with it. */
async function checksOfTrial(site: Site, item: SnapshotItem, { scratch }: TrialRequest): Promise<Check[]> {
  const { database } = mysqlSettings(site.environment);
  const own = { dataDir: join(scratch.folder, 'mysql'), socket: join(scratch.sockets, 'mysql.sock'), database };
  const aside: Site = { ...site, environment: { ...site.environment, extensions: { 'x-mysql': own } } };
  try {
    await makeDataDir(aside, own);
    await startServer(aside, own);
    await load(aside, own, item.destination);
    return judged(item, await rowChecks(aside, item));
  } finally {
    await stopServer(aside, own);
    await rm(own.dataDir, { recursive: true, force: true });
  }
}

export const mysql: WorkloadType = {
  engines: ['restic'],
  capture: (site, workload, { signal }) => captureDump(site, workload, signal),
  destination: ({ environment }) => mysqlSettings(environment).dataDir,
  isAlive: (site) => answers(site, mysqlSettings(site.environment)),
  // The dump, and then the tables with their indexes and logs.
  needs: async (_, { destination, capture }) => [{ path: destination, bytes: 4 * capture.bytes }],
  restore,
  checks: rowChecks,
  trial: (site, item, request) => trySnapshot(site, item, request, (tried) => checksOfTrial(site, tried, request)),
  health: {
    service: 'mysql',
    async checks(site) {
      const ok = await answers(site, mysqlSettings(site.environment));
      return [{ id: 'mysql/answers', title: 'MySQL answers', ok, fact: ok ? 'it answers' : 'it does not answer' }];
    },
  },
};
