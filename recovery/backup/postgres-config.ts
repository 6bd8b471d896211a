/** PostgreSQL's configuration files, and the settings that its server runs with. */
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type pg from 'pg';
import { isElsewhere, type PostgresSettings } from '../config/environment.ts';
import type { Site } from '../config/site.ts';
import { withClient } from '../engines/postgres/server.ts';
import type { ResticCapture } from '../points/point.ts';

/** Debian keeps the configuration outside of the data directory; both places are looked at. */
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

/** Of the data directory and the folder of postgresql.conf; the two files of access may lie anywhere. */
const FILES = `
  WITH places AS (
    SELECT DISTINCT regexp_replace(current_setting(name), '/[^/]*$', '') AS place
    FROM (VALUES ('config_file'), ('hba_file'), ('ident_file')) AS files (name)
    UNION SELECT current_setting('data_directory'))
  SELECT place || '/' || file AS path FROM places, pg_ls_dir(place) AS file WHERE file LIKE '%.conf'
  UNION SELECT current_setting('hba_file') UNION SELECT current_setting('ident_file')`;

/** Only a superuser is given files by the server. The data directory's own are written first, as on the server's host. */
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

/** Fills `folder`, which must be there. */
export async function capturePostgresConfig(
  site: Site,
  settings: PostgresSettings,
  folder: string,
): Promise<ResticCapture['facts']> {
  return withClient(site, settings, async (client) => {
    const files = isElsewhere(settings)
      ? await fetchFiles(client, settings.dataDir, folder)
      : await copyFiles(settings, folder);
    const query = "SELECT name, setting, unit, source FROM pg_settings WHERE source <> 'default' ORDER BY name";
    const { rows } = await client.query(query);
    await writeFile(join(folder, 'settings.json'), `${JSON.stringify(rows, undefined, 1)}\n`);
    return { files, settings: rows.length };
  });
}
