/** The files that a PostgreSQL server needs and that lie outside of its data directory: it says itself where they are. */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type pg from 'pg';
import type { PostgresSettings } from '../../../config/environment.ts';
import { ignoring } from '../../../core/absent.ts';
import { badInput, codeOf } from '../../../core/errors.ts';
import { followLinks, isWithin } from '../../../core/links.ts';
import { configFiles, type FileReader, ruleFiles } from './files.ts';

export interface NamedFiles {
  /** As the server calls it. */
  readonly dataDir: string;
  /** Folder of postgresql.conf. */
  readonly configDir: string;
  /** Configuration and lists that it reads, by absolute paths. */
  readonly configuration: readonly string[];
  /** Folders that must exist. */
  readonly folders: readonly string[];
  /** Certificates, keys, and files of commands. */
  readonly secrets: readonly string[];
  /** What is included and does not exist: the server has it in memory, and would not start again. */
  readonly missing: readonly string[];
}

const PLACES = ['data_directory', 'config_file', 'hba_file', 'ident_file'] as const;
export const CERTIFICATES = [
  'ssl_cert_file',
  'ssl_key_file',
  'ssl_ca_file',
  'ssl_crl_file',
  'ssl_dh_params_file',
] as const;
const COMMANDS = ['ssl_passphrase_command', 'archive_cleanup_command', 'recovery_end_command'] as const;
const ASKED = [...PLACES, ...CERTIFICATES, ...COMMANDS, 'ssl', 'ssl_crl_dir', 'krb_server_keyfile'];

/** Programs come with packages of the host. */
const OF_PACKAGES = /^\/(?:usr|bin|sbin|lib|lib64|opt|dev|proc)\//;

async function settingsOf(client: pg.Client): Promise<Map<string, string>> {
  const sql = 'SELECT name, setting FROM pg_settings WHERE name = ANY($1)';
  const { rows } = await client.query<{ name: string; setting: string | null }>(sql, [ASKED]);
  return new Map(rows.map(({ name, setting }) => [name, setting ?? '']));
}

/** What this version of the server has no view for, or this user no right to. */
const NOT_TOLD = ['42P01', '42703', '42501'];

async function pathsFrom(client: pg.Client, sql: string): Promise<string[]> {
  try {
    const { rows } = await client.query<{ path: string | null }>(sql);
    return rows.flatMap(({ path }) => path ?? []);
  } catch (error) {
    if (NOT_TOLD.includes(codeOf(error) ?? '')) return [];
    throw error;
  }
}

const SOURCES = [
  'SELECT DISTINCT sourcefile AS path FROM pg_settings WHERE sourcefile IS NOT NULL',
  'SELECT DISTINCT sourcefile AS path FROM pg_file_settings',
  // Since version 16.
  'SELECT DISTINCT file_name AS path FROM pg_hba_file_rules',
  'SELECT DISTINCT file_name AS path FROM pg_ident_file_mappings',
];

/** Files that the server's own commands read, such as the one that prints the passphrase of its key. */
async function commandFiles(reader: FileReader, commands: readonly string[]): Promise<string[]> {
  const words = commands.flatMap((command) => command.split(/[\s'";|<>]+/));
  const paths = words.filter((word) => isAbsolute(word) && !OF_PACKAGES.test(word));
  const there = await Promise.all(
    paths.map(async (path) =>
      (await reader.content(path).catch(ignoring('a word of a command need not be a file'))) === undefined
        ? []
        : [path],
    ),
  );
  return there.flat();
}

async function secretFiles(
  reader: FileReader,
  settings: ReadonlyMap<string, string>,
  dataDir: string,
): Promise<string[]> {
  const named = (name: string): string[] => {
    const value = (settings.get(name) ?? '').replace(/^FILE:/, '');
    return value === '' ? [] : [resolve(dataDir, value)];
  };
  const isThere = async (path: string): Promise<boolean> => (await reader.content(path)) !== undefined;
  const [crlDir] = named('ssl_crl_dir');
  const crls = crlDir === undefined ? [] : ((await reader.names(crlDir)) ?? []).map((name) => join(crlDir, name));
  const certificates = CERTIFICATES.flatMap(named);
  // Names without a file are the defaults of a server that uses none.
  const used = settings.get('ssl') === 'on' ? certificates : [];
  const unused = [...(settings.get('ssl') === 'on' ? [] : certificates), ...named('krb_server_keyfile')];
  const found = await Promise.all(unused.map(async (path) => ((await isThere(path)) ? [path] : [])));
  const commands = await commandFiles(
    reader,
    COMMANDS.map((name) => settings.get(name) ?? ''),
  );
  return [...used, ...crls, ...found.flat(), ...commands];
}

/** Asks the server. What lies in its data directory is left out: a backup set holds it. */
export async function namedFiles(client: pg.Client, reader: FileReader): Promise<NamedFiles> {
  const settings = await settingsOf(client);
  const [dataDir = '', configFile = '', hba = '', ident = ''] = PLACES.map((name) => settings.get(name) ?? '');
  const read = [
    await configFiles(reader, configFile),
    ...(await Promise.all([hba, ident].filter((path) => path !== '').map((path) => ruleFiles(reader, path)))),
  ];
  const missing = new Set(read.flatMap((each) => each.missing));
  const told: string[] = [];
  for (const sql of SOURCES)
    for (const path of await pathsFrom(client, sql)) {
      if ((await reader.content(path)) === undefined) missing.add(path);
      else told.push(path);
    }
  const beside = ((await reader.names(dirname(configFile))) ?? []).filter((name) => /\.conf$|^environment$/.test(name));
  const all = [
    ...read.flatMap(({ files }) => files),
    ...told,
    ...beside.map((name) => join(dirname(configFile), name)),
  ];
  const outside = async (paths: readonly string[]): Promise<string[]> => {
    const realData = await reader.real(dataDir);
    const kept = await Promise.all(
      [...new Set(paths)].map(async (path) => {
        const real = await reader.real(path);
        if (isWithin(realData, real)) return [];
        // A link in the data directory comes back with the set; what it leads to has to be there before.
        return isWithin(dataDir, path) || isWithin(realData, path) ? [real] : [path];
      }),
    );
    return kept.flat();
  };
  return {
    dataDir,
    configDir: dirname(configFile),
    configuration: await outside(all),
    folders: await outside(read.flatMap(({ folders }) => folders)),
    secrets: await outside(await secretFiles(reader, settings, dataDir)),
    missing: [...missing],
  };
}

/**
 * Throws `POSTGRES-DATA-DIR` and `POSTGRES-CONFIG-DIR` (exit 2) where dr.yaml names other folders than the server uses. Without a `control`
 * `dr` starts the server itself, and must know where its configuration is.
 */
export async function refuseOtherFolders(settings: PostgresSettings, named: NamedFiles): Promise<void> {
  const { dataDir, configDir } = named;
  const realData = await followLinks(dataDir);
  if (dataDir !== '' && realData !== (await followLinks(settings.dataDir))) {
    throw badInput({
      code: 'POSTGRES-DATA-DIR',
      where: 'postgres.dataDir',
      fact: `the server that answers there keeps its data in ${dataDir}, and postgres.dataDir is ${settings.dataDir}`,
      hint: `write the server's folder into the environment file, or the port and socketDir of the server that is meant: postgres.dataDir: ${dataDir}`,
    });
  }
  const real = await followLinks(configDir);
  const isInside = isWithin(realData, real);
  const isKnown = settings.configDir !== undefined && (await followLinks(settings.configDir)) === real;
  if (isKnown || (settings.configDir === undefined && (isInside || settings.control !== undefined))) return;
  throw badInput({
    code: 'POSTGRES-CONFIG-DIR',
    where: 'postgres.configDir',
    fact: `the server reads its postgresql.conf in ${configDir}, and postgres.configDir is ${settings.configDir ?? 'not given'}`,
    hint: isInside
      ? 'that is the data directory: leave postgres.configDir out of the environment file'
      : `write it into the environment file: postgres.configDir: ${configDir}`,
  });
}
