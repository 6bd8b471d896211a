/** Brings a workload's data into a folder that restic can read: a consistent copy, or the folder itself. */
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectPart, Workload } from '../../plan/types.ts';
import { censusFacts, takeCensus } from '../assess/tables.ts';
import { writePart } from '../capture/files.ts';
import { isElsewhere, postgresSettings, redisSettings } from '../config/environment.ts';
import { isFromCluster } from '../config/selection.ts';
import type { Site } from '../config/site.ts';
import { makeOwnedFolder } from '../core/account.ts';
import { badInput } from '../core/errors.ts';
import { findPostgresBin } from '../engines/find.ts';
import { clientArguments, clientEnv, clientSecrets } from '../engines/postgres/client.ts';
import { withClient } from '../engines/postgres/server.ts';
import { captureRedis } from '../engines/redis/capture.ts';
import type { ResticCapture } from '../points/point.ts';
import { FOLDER_NAMES } from '../seed/names.ts';
import { mirrorRepositories } from './git-mirrors.ts';
import { capturedServices, objectFacts, type ReadObjects } from './objects.ts';
import { checkOciLayouts } from './oci.ts';
import { capturePostgresConfig } from './postgres-config.ts';

export interface Staged {
  readonly path: string;
  readonly facts: ResticCapture['facts'];
  /** Absolute paths below it that are no data. */
  readonly exclude?: readonly string[];
  /** Removes what was made only for this run. */
  readonly remove: () => Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

/** One fixed folder a workload, so that restic finds the parent snapshot by its path. */
async function freshFolder(site: Site, workload: Workload): Promise<string> {
  const folder = join(site.environment.stateDir, 'staging', workload.id);
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(site.environment.stateDir, 'staging'), { recursive: true, mode: 0o755 });
  return folder;
}

function discard(folder: string): () => Promise<void> {
  return () => rm(folder, { recursive: true, force: true });
}

async function stageRedis(site: Site, workload: Workload, signal?: AbortSignal): Promise<Staged> {
  const settings = redisSettings(site.environment);
  const folder = await freshFolder(site, workload);
  const facts = await captureRedis(site, settings, folder, signal);
  const owner = isElsewhere(settings) ? {} : { owner: (await stat(settings.dataDir)).uid };
  return { path: folder, facts: { ...facts, ...owner }, remove: discard(folder) };
}

/** Directory format, uncompressed: restic deduplicates and compresses. Globals (roles with their hashes) apart. */
async function stageDump(site: Site, workload: Workload, signal?: AbortSignal): Promise<Staged> {
  const pg = postgresSettings(site.environment);
  const folder = await freshFolder(site, workload);
  await makeOwnedFolder(folder, site.environment.runAs);
  await chmod(folder, 0o700);
  const bin = await findPostgresBin(pg.binDir);
  const at = clientArguments(pg);
  const secretEnv = await clientSecrets(site);
  const options = { as: site.environment.runAs, cwd: folder, env: clientEnv(pg), secretEnv, signal };
  const dump = ['--format=directory', '--jobs=2', '--compress=0', `--file=${join(folder, 'database')}`, pg.database];
  await site.run([join(bin, 'pg_dump'), ...at, ...dump], options);
  await site.run([join(bin, 'pg_dumpall'), ...at, '--globals-only', `--file=${join(folder, 'globals.sql')}`], options);
  const facts = await withClient(site, pg, async (client) => {
    const version =
      (await client.query<{ server_version: string }>('SHOW server_version')).rows[0]?.server_version ?? '';
    return { database: pg.database, serverVersion: version, ...censusFacts(await takeCensus(client)) };
  });
  return { path: folder, facts, remove: discard(folder) };
}

async function stagePostgresConfig(site: Site, workload: Workload): Promise<Staged> {
  const folder = await freshFolder(site, workload);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const facts = await capturePostgresConfig(site, postgresSettings(site.environment), folder);
  return { path: folder, facts, remove: discard(folder) };
}

async function stageFolder(site: Site, workload: Workload): Promise<Staged> {
  const path = site.environment.folders[workload.id]?.path ?? '';
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw badInput({
      code: 'FOLDER-MISSING',
      where: `folders.${workload.id}`,
      fact: `${path} is no folder`,
      hint: 'if it was lost, `dr assess` says how to get it back; an empty copy would only hide that',
    });
  }
  const facts = workload.type === 'images' ? await checkOciLayouts(path) : {};
  return { path, facts, exclude: Object.values(FOLDER_NAMES).map((name) => join(path, name)), remove: nothing };
}

/** Secrets among them: they rest here only until restic has encrypted them. */
async function stageObjects(site: Site, workload: Workload, part: ObjectPart, read: ReadObjects): Promise<Staged> {
  const { capture, readAt } = await read();
  const folder = await freshFolder(site, workload);
  await mkdir(folder, { mode: 0o700 });
  try {
    const index = await writePart(capture, part, folder, readAt);
    const services = capturedServices(site.plan, capture.parts[part]);
    return { path: folder, facts: objectFacts(index, services), remove: discard(folder) };
  } catch (error) {
    await discard(folder)();
    throw error;
  }
}

/** @param readObjects the one reading of the cluster that all of a run's workloads share */
export async function stage(
  site: Site,
  workload: Workload,
  readObjects: ReadObjects,
  signal?: AbortSignal,
): Promise<Staged> {
  if (isFromCluster(site.environment, workload) && workload.objects !== undefined)
    return stageObjects(site, workload, workload.objects, readObjects);
  switch (workload.type) {
    case 'redis':
      return stageRedis(site, workload, signal);
    case 'postgres-dump':
      return stageDump(site, workload, signal);
    case 'postgres-config':
      return stagePostgresConfig(site, workload);
    case 'git':
      return { ...(await mirrorRepositories(site, signal)), remove: nothing };
    default:
      return stageFolder(site, workload);
  }
}
