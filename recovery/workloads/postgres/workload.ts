/** PostgreSQL in its three forms: backup sets with WAL, the logical dump, the configuration files. */
import { type Environment, isOnOtherHost, postgresSettings } from '../../config/environment.ts';
import { namesIn } from '../../core/absent.ts';
import { segmentBytesOf, segmentOfName } from '../../points/wal-segment.ts';
import { folderChecks } from '../files/checks.ts';
import { folderType, restoredFolder, trySnapshot } from '../folder.ts';
import type { SetItem, SnapshotItem } from '../restore-plan.ts';
import { judged } from '../restore-step.ts';
import type { DiskNeed, WorkloadType } from '../workload.ts';
import { postgresLife } from './access/alive.ts';
import { unshipped } from './archive/rescue-wal.ts';
import { captureConfig, configChecks, placeConfiguration } from './config/capture.ts';
import { captureDump, readDump } from './dump.ts';
import { checkPostgres, checkRetiredPostgres } from './health.ts';
import { walFolder } from './host/outside.ts';
import { bytesBelow } from './host/size.ts';
import { restorePostgres } from './restore.ts';
import { tryPostgres } from './trial.ts';
import { postgresChecks } from './verify.ts';

/** `max_wal_size` is 1 GB unless somebody has set it: replay keeps as much before it makes a restart point. */
const MOST_KEPT = 1024 * 1024 * 1024;
/** pgBackRest fetches this much ahead of the replay (`archive-get-queue-max`). */
const FETCHED_AHEAD = 128 * 1024 * 1024;

/** Bytes of WAL between the set's beginning and the archive's end. */
function walBytes({ capture, walLast }: SetItem): number {
  const bytes = segmentBytesOf(capture);
  return (segmentOfName(walLast, bytes) - segmentOfName(capture.walStart, bytes) + 1) * bytes;
}

/** In place: existing files are overwritten one by one. */
async function postgresNeeds({ stateDir }: Environment, item: SetItem): Promise<DiskNeed[]> {
  const wal = walBytes(item);
  const existing = await bytesBelow(item.destination);
  const saved = unshipped(await namesIn(await walFolder(item)), item.walLast);
  const files =
    Math.max(0, item.capture.bytes - existing) + Math.min(wal, Math.max(MOST_KEPT, segmentBytesOf(item.capture)));
  return [
    { path: item.destination, bytes: files },
    { path: stateDir, bytes: Math.min(wal, FETCHED_AHEAD) + saved.length * segmentBytesOf(item.capture) },
  ];
}

const secrets = ({ postgres: settings }: Environment) => ({ 'postgres.password': settings?.password });

export const postgres: WorkloadType<SetItem> = {
  engines: ['pgbackrest'],
  restoredAfter: ['postgres-config'],
  secrets,
  destination: ({ environment }) => postgresSettings(environment).dataDir,
  isAlive: async (site) => (await postgresLife(site, postgresSettings(site.environment))).alive,
  elsewhere: ({ postgres: settings }) =>
    isOnOtherHost(settings) ? { host: settings?.host, field: 'postgres.tls' } : undefined,
  needs: postgresNeeds,
  restore: restorePostgres,
  checks: postgresChecks,
  trial: tryPostgres,
  health: {
    service: 'postgres',
    checks: async (site) => [...(await checkPostgres(site)), ...(await checkRetiredPostgres(site))],
  },
};

export const postgresDump: WorkloadType = {
  ...folderType(folderChecks),
  servicesKeepRunning: true,
  onlyByName: true,
  secrets,
  capture: (site, workload, { signal }) => captureDump(site, workload, signal),
  destination: restoredFolder,
  trial: (site, item, request) =>
    trySnapshot(site, item, request, async (tried) => [
      ...judged(tried, await folderChecks(site, tried)),
      await readDump(site, tried, request.signal),
    ]),
};

export const postgresConfig: WorkloadType = {
  ...folderType(folderChecks),
  servicesKeepRunning: true,
  secrets,
  capture: captureConfig,
  checks: configChecks,
  destination: restoredFolder,
  async restore(context, item: SnapshotItem) {
    await placeConfiguration(context, item);
    return undefined;
  },
};
