/** PostgreSQL's configuration files, and the settings that its server runs with. */
import { chown, copyFile, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type pg from 'pg';
import type { Workload } from '../../../plan/types.ts';
import { isOnOtherHost, type PostgresSettings, postgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { isThere } from '../../core/absent.ts';
import { lookUpAccount, makePassableFolder } from '../../core/account.ts';
import type { ResticCapture } from '../../points/point.ts';
import { discard, freshFolder } from '../capture.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type RestoreContext, step } from '../restore-step.ts';
import { besides, restoreFolder } from '../swap.ts';
import type { Staged } from '../workload.ts';
import { withClient } from './server.ts';

/** Debian keeps the configuration outside of the data directory; both are read. */
async function copyFiles({ configDir, dataDir }: PostgresSettings, folder: string): Promise<number> {
  let files = 0;
  for (const source of configDir === undefined ? [dataDir] : [dataDir, configDir]) {
    for (const name of (await readdir(source)).filter((n) => /\.conf$/.test(n))) {
      await copyFile(join(source, name), join(folder, name));
      files += 1;
    }
  }
  return files;
}

/** Files of the data directory and of the folder of postgresql.conf; pg_hba.conf and pg_ident.conf may lie anywhere. */
const FILES = `
  WITH places AS (
    SELECT DISTINCT regexp_replace(current_setting(name), '/[^/]*$', '') AS place
    FROM (VALUES ('config_file'), ('hba_file'), ('ident_file')) AS files (name)
    UNION SELECT current_setting('data_directory'))
  SELECT place || '/' || file AS path FROM places, pg_ls_dir(place) AS file WHERE file LIKE '%.conf'
  UNION SELECT current_setting('hba_file') UNION SELECT current_setting('ident_file')`;

/** The server gives files only to a superuser. The data directory's own are written first, as on the server's host. */
async function fetchFiles(client: pg.Client, dataDir: string, folder: string): Promise<number> {
  const { rows } = await client.query<{ path: string }>(FILES);
  const inData = ({ path }: { path: string }) => path.startsWith(`${dataDir}/`);
  const ordered = [...rows].sort((a, b) => Number(inData(b)) - Number(inData(a)));
  for (const { path } of ordered) {
    const answer = await client.query<{ content: Buffer }>('SELECT pg_read_binary_file($1) AS content', [path]);
    await writeFile(join(folder, basename(path)), answer.rows[0]?.content ?? Buffer.alloc(0), { mode: 0o600 });
  }
  return ordered.length;
}

/** Fills `folder`, which must exist. */
async function fillFolder(site: Site, settings: PostgresSettings, folder: string): Promise<ResticCapture['facts']> {
  return withClient(site, settings, async (client) => {
    const files = isOnOtherHost(settings)
      ? await fetchFiles(client, settings.dataDir, folder)
      : await copyFiles(settings, folder);
    const query = "SELECT name, setting, unit, source FROM pg_settings WHERE source <> 'default' ORDER BY name";
    const { rows } = await client.query(query);
    await writeFile(join(folder, 'settings.json'), `${JSON.stringify(rows, undefined, 1)}\n`);
    return { files, settings: rows.length };
  });
}

export async function captureConfig(site: Site, workload: Workload): Promise<Staged> {
  const folder = await freshFolder(site, workload);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const facts = await fillFolder(site, postgresSettings(site.environment), folder);
  return { path: folder, facts, remove: discard(folder) };
}

/** The server reads its configuration as its own account, and what was captured is root's. */
async function handOver(folder: string, accountName: string | undefined): Promise<void> {
  const account = await lookUpAccount(accountName);
  if (!account) return;
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  for (const path of [folder, ...entries.map((e) => join(e.parentPath, e.name))])
    await chown(path, account.uid, account.gid);
}

/** Restores Debian's configuration folder where the host has lost it. An existing one stays: it may have been changed on purpose. */
export async function placeConfiguration(context: RestoreContext, item: SnapshotItem): Promise<void> {
  const { configDir } = postgresSettings(context.site.environment);
  await restoreFolder(context, item);
  const place = { item, id: `${item.workload}/place`, what: 'put the configuration where it is missing' };
  await step(context, place, async () => {
    if (configDir === undefined) return 'the data directory brings its own';
    if (await isThere(configDir))
      return `${configDir} exists and was not changed; the captured one is in ${item.destination}`;
    // By rename: the next run would take half of it for an existing one.
    const aside = besides(configDir, context.plan.id, 'new');
    await rm(aside, { recursive: true, force: true });
    await makePassableFolder(dirname(configDir));
    await cp(item.destination, aside, { recursive: true, filter: (path) => !path.endsWith('settings.json') });
    await handOver(aside, context.site.environment.runAs);
    await rename(aside, configDir);
    return `${configDir} was made again`;
  });
}
