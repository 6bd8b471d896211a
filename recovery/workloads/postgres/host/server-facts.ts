/** What a server was made with and what its databases need of a host, kept with each backup set for the preflight of a restore. */
import type pg from 'pg';
import { isOnOtherHost, type PostgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import type { ServerFacts } from '../../../points/point.ts';
import { toSegmentBytes } from '../../../points/wal-segment.ts';
import { withClient } from '../server.ts';
import { icuOf } from './text-libraries.ts';

/** A server that replays needs each of these at least as high as the one that wrote the WAL. */
const REPLAY_SETTINGS = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
] as const;

const CLUSTER = `
  SELECT name, setting, coalesce(sourcefile, '') AS file FROM pg_settings
  WHERE name = ANY($1) OR name IN ('block_size', 'wal_segment_size', 'data_directory', 'data_checksums')`;

/** Columns that only newer servers have are read through JSON. */
const DATABASES = `
  SELECT datname AS name, datallowconn AND NOT datistemplate AS readable,
    pg_encoding_to_char(encoding) AS encoding, datcollate AS collate, datctype AS ctype,
    to_jsonb(d)->>'datlocprovider' AS provider, to_jsonb(d)->>'datcollversion' AS version
  FROM pg_database d WHERE datallowconn ORDER BY 1`;

const PRELOADED = `
  SELECT setting FROM pg_settings
  WHERE name IN ('shared_preload_libraries', 'session_preload_libraries', 'local_preload_libraries', 'archive_library')`;

/** Functions of the system itself are in every installation. */
const LOADED = `
  SELECT DISTINCT probin AS library FROM pg_proc WHERE probin IS NOT NULL AND oid >= 16384`;

const EXTENSIONS = "SELECT extname AS name FROM pg_extension WHERE extname <> 'plpgsql'";

/** Collations that a person has made, or that a column uses. */
const COLLATIONS = `
  SELECT DISTINCT to_jsonb(c)->>'collprovider' AS provider, c.collcollate AS locale, c.collversion AS version
  FROM pg_collation c
  WHERE c.oid >= 16384 OR EXISTS (SELECT FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
    WHERE a.attcollation = c.oid AND r.oid >= 16384 AND c.collname NOT IN ('default', 'C', 'POSIX'))`;

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].filter((name) => name !== '').sort();

interface Used {
  readonly libraries: readonly string[];
  readonly extensions: readonly string[];
  readonly locales: readonly string[];
  readonly collations: readonly string[];
}

interface Collation {
  readonly provider: string | null;
  readonly locale: string | null;
  readonly version: string | null;
}

const providerOf = ({ provider }: Pick<Collation, 'provider'>): string => (provider === 'i' ? 'icu' : 'libc');
const versionOf = (collation: Pick<Collation, 'provider' | 'version'>): string =>
  collation.version === null ? '' : `${providerOf(collation)} ${collation.version}`;

async function usedIn(client: pg.Client): Promise<Used> {
  const libraries = await client.query<{ library: string }>(LOADED);
  const extensions = await client.query<{ name: string }>(EXTENSIONS);
  const collations = (await client.query<Collation>(COLLATIONS)).rows;
  return {
    libraries: libraries.rows.map(({ library }) => library),
    extensions: extensions.rows.map(({ name }) => name),
    locales: collations.filter((found) => providerOf(found) === 'libc').map(({ locale }) => locale ?? ''),
    collations: collations.map(versionOf),
  };
}

/** Preloaded libraries have names without a folder; `$libdir/` says where those are. */
const preloaded = (setting: string): string[] =>
  setting
    .split(',')
    .map((name) => name.trim().replaceAll('"', ''))
    .filter((name) => name !== '')
    .map((name) => (name.includes('/') ? name : `$libdir/${name}`));

/** Reads the catalogs of every database that takes connections. */
export async function readServerFacts(site: Site, settings: PostgresSettings): Promise<ServerFacts> {
  const cluster = await withClient(site, settings, async (client) => {
    const values = await client.query<{ name: string; setting: string; file: string }>(CLUSTER, [[...REPLAY_SETTINGS]]);
    const databases = await client.query<
      Collation & { name: string; readable: boolean; encoding: string; collate: string; ctype: string }
    >(DATABASES);
    const preload = await client.query<{ setting: string }>(PRELOADED);
    return { values: values.rows, databases: databases.rows, preload: preload.rows };
  });
  const settingOf = (name: string) => cluster.values.find((row) => row.name === name)?.setting ?? '';
  const dataDir = settingOf('data_directory');
  const used: Used[] = [];
  for (const { name, readable } of cluster.databases)
    if (readable) used.push(await withClient(site, settings, usedIn, { database: name }));
  const icu = isOnOtherHost(settings) ? undefined : await icuOf(site, settings);
  const replay = cluster.values.filter(({ name }) => REPLAY_SETTINGS.some((setting) => setting === name));
  return {
    segmentBytes: toSegmentBytes(settingOf('wal_segment_size')),
    blockBytes: Number(settingOf('block_size')),
    settings: Object.fromEntries(replay.map(({ name, setting }) => [name, Number(setting)])),
    settingsInSet: replay.filter(({ file }) => file.startsWith(`${dataDir}/`)).map(({ name }) => name),
    locales: sorted([
      ...cluster.databases.flatMap(({ collate, ctype }) => [collate, ctype]),
      ...used.flatMap(({ locales }) => locales),
    ]),
    libraries: sorted([
      ...cluster.preload.flatMap(({ setting }) => preloaded(setting)),
      ...used.flatMap(({ libraries }) => libraries),
    ]),
    extensions: sorted(used.flatMap(({ extensions }) => extensions)),
    ...(icu === undefined ? {} : { icu }),
    dataChecksums: settingOf('data_checksums') === 'on',
    collations: sorted([...cluster.databases.map(versionOf), ...used.flatMap(({ collations }) => collations)]),
  };
}
