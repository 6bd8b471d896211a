/** PostgreSQL's configuration files wherever they are, its certificates, and the settings that its server runs with. */
import { chown, cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Workload } from '../../../../plan/types.ts';
import { isOnOtherHost, type PostgresSettings, postgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { isThere } from '../../../core/absent.ts';
import { lookUpAccount, makePassableFolder } from '../../../core/account.ts';
import { writeFile } from '../../../core/files/writes.ts';
import { isWithin } from '../../../core/links.ts';
import { notCopiedFacts } from '../../../points/not-copied.ts';
import type { ResticCapture } from '../../../points/point.ts';
import { discard, freshFolder } from '../../capture.ts';
import { folderChecks } from '../../files/checks.ts';
import type { SnapshotItem } from '../../restore-plan.ts';
import { type Check, check, type RestoreContext, step } from '../../restore-step.ts';
import { carriedFiles, carryFiles, type Missing, missingFiles, putBack, writeCarried } from '../../server-files.ts';
import { besides, restoreFolder } from '../../swap.ts';
import type { Staged } from '../../workload.ts';
import { withClient } from '../server.ts';
import { besideSet } from './beside-set.ts';
import { type FileReader, localReader, sqlReader } from './files.ts';
import { namedFiles, refuseOtherFolders } from './named.ts';

/** For a person to read: the backup set holds them too. */
async function copyFromDataDir(reader: FileReader, dataDir: string, folder: string): Promise<number> {
  const names = ((await reader.names(dataDir)) ?? []).filter((name) => name.endsWith('.conf'));
  await mkdir(join(folder, 'data-directory'), { mode: 0o700 });
  for (const name of names) {
    const content = (await reader.content(join(dataDir, name))) ?? '';
    await writeFile(join(folder, 'data-directory', name), content, { mode: 0o600 });
  }
  return names.length;
}

/** What this session was given says nothing of the server; where a file sets the same, the file is captured. */
const SETTINGS_OF_THE_SERVER = `
  SELECT name, setting, unit, source FROM pg_settings
  WHERE source NOT IN ('default', 'client', 'session') ORDER BY name`;

/** Fills `folder`, which must exist. */
async function fillFolder(site: Site, settings: PostgresSettings, folder: string): Promise<ResticCapture['facts']> {
  return withClient(site, settings, async (client) => {
    const isElsewhere = isOnOtherHost(settings);
    const reader = isElsewhere ? sqlReader(client) : localReader;
    const named = await namedFiles(client, reader);
    const { configuration, folders, secrets, configDir, dataDir } = named;
    if (!isElsewhere) {
      await refuseOtherFolders(settings, named);
      await carryFiles(folder, [...configuration, ...secrets], folders);
    } else
      for (const path of configuration) {
        const content = await reader.content(path);
        if (content !== undefined) await writeCarried(folder, path, content);
      }
    // Whoever made that host gives it its keys; they do not go through SQL.
    const elsewhere = isElsewhere ? secrets.map((path) => `${path} on ${settings.host}`) : [];
    const gone = named.missing.map((path) => `${path}: the configuration includes it, and it does not exist`);
    const beside = await besideSet(site, settings);
    const inData = await copyFromDataDir(reader, dataDir, folder);
    const { rows } = await client.query(SETTINGS_OF_THE_SERVER);
    await writeFile(join(folder, 'settings.json'), `${JSON.stringify(rows, undefined, 1)}\n`);
    const files = inData + configuration.length + (isElsewhere ? 0 : secrets.length);
    return { files, settings: rows.length, dataDir, configDir, ...notCopiedFacts([...elsewhere, ...gone, ...beside]) };
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

/** Where a captured file goes on this host: its configuration folder may have another name here. */
function placesOf({ dataDir, configDir }: PostgresSettings, item: SnapshotItem): (path: string) => string {
  const { configDir: then, dataDir: dataThen } = item.capture.facts;
  if (typeof then !== 'string') return (path) => path;
  const isInData = typeof dataThen === 'string' && isWithin(dataThen, then);
  const now = configDir ?? (isInData ? dataDir : then);
  return (path) => (isWithin(then, path) ? `${now}${path.slice(then.length)}` : path);
}

/** Restores files that the host has lost. An existing one stays: it may have been changed on purpose. */
export async function placeConfiguration(context: RestoreContext, item: SnapshotItem): Promise<void> {
  const { environment } = context.site;
  const settings = postgresSettings(environment);
  await restoreFolder(context, item);
  const place = { item, id: `${item.workload}/place`, what: 'put the configuration where it is missing' };
  await step(context, place, async () => {
    if ((await carriedFiles(item.destination)) === undefined) return placeFolder(context, item, settings.configDir);
    const copy = { copy: item.destination, account: environment.runAs };
    // A file that another one names by its full path must be there too.
    const made = [...(await putBack({ ...copy, at: placesOf(settings, item) })), ...(await putBack(copy))];
    return made.length === 0 ? `nothing is missing; the captured files are in ${item.destination}` : made;
  });
}

/** What is still missing is what keeps the server from starting. */
export async function configChecks(site: Site, item: SnapshotItem): Promise<Check[]> {
  const checks = await folderChecks(site, item);
  const missing: Missing = await missingFiles(item.destination, placesOf(postgresSettings(site.environment), item));
  if (missing === undefined) return checks;
  const facts = { id: `${item.workload}/placed`, title: 'configuration files, certificates and keys are in place' };
  const actual = missing.length === 0 ? 'all' : `missing: ${missing.join(', ')}`;
  return [...checks, check(item, { ...facts, expected: 'all', actual })];
}

/** Of a capture of an earlier version: one flat folder, for Debian's configuration folder. */
async function placeFolder(
  context: RestoreContext,
  item: SnapshotItem,
  configDir: string | undefined,
): Promise<string> {
  if (configDir === undefined) return 'the data directory brings its own';
  if (await isThere(configDir))
    return `${configDir} exists and was not changed; the captured one is in ${item.destination}`;
  // By rename: the next run would take half of it for an existing one.
  const aside = besides(configDir, context.plan.id, 'new');
  await rm(aside, { recursive: true, force: true });
  await makePassableFolder(dirname(configDir));
  await cp(item.destination, aside, { recursive: true, filter: (path) => basename(path) !== 'settings.json' });
  await handOver(aside, context.site.environment.runAs);
  await rename(aside, configDir);
  return `${configDir} was made again`;
}
