/** Runs pgBackRest on one lineage. Every call names its repository; a restore knows no other one (no fall-through). */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { STANZA } from '../../../plan/layout.ts';
import { type Environment, isOnOtherHost, postgresSettings } from '../../config/environment.ts';
import type { Repository, Site } from '../../config/site.ts';
import { isThere } from '../../core/absent.ts';
import { makeOwnedFolder, makeReachableFolder, writeOwnedFile } from '../../core/account.ts';
import { DrError, hasCode, messageOf } from '../../core/errors.ts';
import type { IdleLimit, RunOptions, RunResult } from '../../core/process.ts';
import { programOptions } from '../../core/sql/settings.ts';
import type { StoreRole } from '../../storage/backends.ts';
import { webIdentityEnv } from '../../storage/s3/keys.ts';
import { asDamage } from '../explain.ts';
import { findEngine } from '../find.ts';
import { isAtLeast } from '../versions.ts';
import { type PlainVariables, renderGetScript, renderPushScript, type SecretVariables } from './archive-script.ts';
import { BLOCKS_SINCE, type ConfigPostgres, type PgBackRestConfig, renderConfig } from './config.ts';
import { explained, infoError } from './failure.ts';
import { parseInfo, parseListing, readableJson, type StanzaInfo, unreadable } from './info.ts';
import { openingPassphrase, opensOne } from './opening-passphrase.ts';
import { secretVariables } from './secrets.ts';

export interface PgBackRestScope {
  readonly lineage: string;
  readonly repositories: readonly Repository[];
  readonly role: StoreRole;
  /** Name of the passphrase that opens the lineage. @default in each repository the one that does; the first for a new lineage */
  readonly passphrase?: string | undefined;
  /** Folder for configuration, locks and spool. @default `<stateDir>/pgbackrest/<lineage>` */
  readonly folder?: string;
  /** Folder with WAL that was saved from a damaged data directory: read where the repository lacks a segment. */
  readonly rescuedWal?: string;
  /** @default the environment's */
  readonly postgres?: ConfigPostgres;
}

export interface PgBackRest {
  readonly lineage: string;
  readonly repositories: readonly Repository[];
  readonly configFile: string;
  readonly folder: string;
  /** What the scripts read, and from where. */
  readonly secrets: SecretVariables;
  /** For `archive_command`: takes `%p`. */
  readonly pushScript: string;
  /** For `restore_command`: takes `%f` and `%p`. */
  readonly getScript: string;
  /** Runs `pgbackrest <command>` with the lineage's configuration and secrets. */
  run(command: string, args?: readonly string[], options?: Partial<RunOptions>): Promise<RunResult>;
  /** Name of the passphrase that opens the lineage there. */
  passphraseOf(repository: Repository): string;
  /** pgBackRest's number of a repository. */
  number(repository: Repository): number;
  info(repository: Repository): Promise<StanzaInfo | undefined>;
  /** Files below `path` of the lineage, e.g. `archive/go-coffee`. */
  list(repository: Repository, path: string): Promise<string[]>;
}

async function readVariables(site: Site, variables: SecretVariables): Promise<Record<string, string>> {
  const entries = Object.entries(variables).map(
    async ([name, ref]) => [name, await site.secrets.read(ref, name)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** A line so slow that these are too strict carries no database. A backup waits for PostgreSQL's checkpoint before it moves a byte. */
const IDLE: Readonly<Record<string, IdleLimit>> = {
  restore: { seconds: 90, bytes: 100_000 },
  backup: { seconds: 300, bytes: 100_000 },
};

/** The identity of this pod at AWS, for a repository that is opened by it instead of keys. */
function identity({ repositories, role }: PgBackRestScope): PlainVariables {
  const by = repositories.find(({ settings }) => settings.type === 's3' && settings[role] === 'web-identity');
  return by === undefined ? {} : webIdentityEnv(`repositories.${by.id}.${role}`);
}

/** libpq's own variables: pgBackRest has no option for its sessions' settings, nor for a server of this host that listens on TCP alone. */
function libpqEnv({ host, tls }: ConfigPostgres): Record<string, string> {
  const settings = { PGOPTIONS: programOptions() };
  return host === undefined || tls !== undefined ? settings : { ...settings, PGHOST: host };
}

/** libpq in pgBackRest asks for the password by the environment, never in an argument. Another host's server has its own. */
async function serverSecrets(
  site: Site,
  role: StoreRole,
  { password, tls }: ConfigPostgres,
): Promise<Record<string, string>> {
  // Only who writes asks the server.
  if (role !== 'writer' || password === undefined || tls !== undefined) return {};
  return { PGPASSWORD: await site.secrets.read(password, 'postgres.password') };
}

const recordSchema = z.record(z.string(), z.string());

/** What opened the lineage last, by repository: an unreachable one can't be asked, and its WAL must still fit when it answers again. */
async function recorded(file: string): Promise<Record<string, string>> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT') || error instanceof SyntaxError || error instanceof z.ZodError) return {};
    throw error;
  }
}

/** By repository. Only a keyring of several has to be tried. */
async function passphrasesOf(site: Site, scope: PgBackRestScope, folder: string): Promise<Map<string, string>> {
  const { lineage, passphrase, repositories, role } = scope;
  const file = join(folder, 'passphrases.json');
  const known = passphrase === undefined ? await recorded(file) : {};
  const choose = async (repository: Repository): Promise<string | undefined> => {
    const keyring = repository.settings.passphrases;
    if (passphrase !== undefined || keyring.length === 1) return passphrase ?? keyring[0]?.name;
    const before = keyring.find(({ name }) => name === known[repository.id])?.name;
    try {
      return (await openingPassphrase({ repository, role, lineage, secrets: site.secrets })) ?? keyring[0]?.name;
    } catch (error) {
      site.log.debug({ repository: repository.id, error: messageOf(error) }, 'its passphrases could not be tried');
      return before ?? keyring[0]?.name;
    }
  };
  const chosen = await Promise.all(repositories.map(async (each) => [each.id, await choose(each)] as const));
  const names = new Map(chosen.flatMap(([id, name]) => (name === undefined ? [] : [[id, name] as const])));
  const several = repositories.some(({ settings }) => settings.passphrases.length > 1);
  if (passphrase === undefined && several) {
    const all = { ...known, ...Object.fromEntries(names) };
    if (JSON.stringify(all) !== JSON.stringify(known))
      await writeOwnedFile(file, `${JSON.stringify(all)}\n`, 0o640, site.environment.runAs);
  }
  return names;
}

const blocksBySite = new WeakMap<Site, Promise<boolean>>();

/** Whether this host's pgBackRest may store the changed blocks of a file alone. Asked once: it is the program of this process. */
function storesBlocks(site: Site): Promise<boolean> {
  const known = blocksBySite.get(site);
  if (known !== undefined) return known;
  const asked = findEngine('pgbackrest', { run: site.run }).then(
    (engine) => engine !== undefined && isAtLeast(engine.version, BLOCKS_SINCE),
  );
  blocksBySite.set(site, asked);
  return asked;
}

/** By number: each push has locks and a spool of its own. One repository needs no other configuration than `configFile`. */
async function writePushConfigs(
  config: PgBackRestConfig,
  configFile: string,
  as: Environment['runAs'],
): Promise<Map<number, string>> {
  if (config.repositories.length === 1) return new Map([[1, configFile]]);
  const entries = config.repositories.map(async (repository, i): Promise<[number, string]> => {
    const number = i + 1;
    const folder = join(config.folder, `push-${number}`);
    for (const sub of ['.', 'lock', 'log', 'spool']) await makeOwnedFolder(join(folder, sub), as);
    const file = join(folder, 'pgbackrest.conf');
    const own = { ...config, repositories: [{ ...repository, number }], folder };
    await writeOwnedFile(file, renderConfig(own), 0o640, as);
    return [number, file];
  });
  return new Map(await Promise.all(entries));
}

/** Writes the configuration and the two scripts (no secrets in them) and gives a runner. */
export async function openPgBackRest(site: Site, scope: PgBackRestScope): Promise<PgBackRest> {
  const { environment } = site;
  const as = environment.runAs;
  const folder = scope.folder ?? join(environment.stateDir, 'pgbackrest', scope.lineage);
  await makeReachableFolder(environment.stateDir, folder, as);
  for (const sub of ['lock', 'log', 'spool']) await makeOwnedFolder(join(folder, sub), as);
  const configFile = join(folder, 'pgbackrest.conf');
  const passphrases = await passphrasesOf(site, scope, folder);
  const variables = secretVariables(
    scope.repositories.map((r) => ({ ...r, passphrase: passphrases.get(r.id), role: scope.role })),
  );
  const { tls, ...place } = scope.postgres ?? postgresSettings(environment);
  // Only who writes copies data files: nobody else holds the key, or is let through to that server.
  const postgres = scope.role === 'writer' && tls !== undefined ? { ...place, tls } : place;
  const plain = identity(scope);
  const repositories = scope.repositories.map((r) => ({
    settings: r.settings,
    path: r.layout.pgbackrest(scope.lineage),
    role: scope.role,
  }));
  for (const { settings, path } of repositories) {
    if (settings.type !== 'posix' || scope.role !== 'writer') continue;
    // The folder itself is made by `dr init` only.
    if (await isThere(settings.path)) await makeOwnedFolder(join(settings.path, path), as);
  }
  const processMax = environment.postgres?.processes ?? Math.max(2, availableParallelism());
  // Only a backup stores.
  const blocks = scope.role === 'writer' && (await storesBlocks(site));
  const common = { postgres, processMax, blocks };
  await writeOwnedFile(configFile, renderConfig({ ...common, repositories, folder }), 0o640, as);
  const pushScript = join(folder, 'archive-push.sh');
  const getScript = join(folder, 'archive-get.sh');
  const script = (path: string, text: string) => writeOwnedFile(path, text, 0o750, as);
  const read = { secrets: variables, plain };
  // A server on another host has scripts of its own, and this configuration would be wrong there.
  if (scope.role === 'writer' && !isOnOtherHost(postgres)) {
    const configs = await writePushConfigs({ ...common, repositories, folder }, configFile, as);
    await script(pushScript, renderPushScript(configs, read));
  }
  if (!isOnOtherHost(postgres)) await script(getScript, renderGetScript(configFile, read, scope.rescuedWal));

  const server = libpqEnv(postgres);
  const number = (repository: Repository): number => scope.repositories.findIndex((r) => r.id === repository.id) + 1;
  const overNetwork = scope.repositories.some(({ settings }) => settings.type === 's3');
  /** Damaged info files look like a wrong passphrase, unless it opens one of the others. Where nobody can look, pgBackRest's word stands. */
  const lookedInto = async (error: unknown): Promise<unknown> => {
    if (!(error instanceof DrError) || error.code !== 'PASSPHRASE-WRONG' || !(error.cause instanceof DrError))
      return error;
    try {
      for (const repository of scope.repositories) {
        if (!error.where.split(/[ ,]+/).includes(repository.id)) continue;
        const asked = { repository, role: scope.role, lineage: scope.lineage, secrets: site.secrets };
        if (await opensOne(asked, passphrases.get(repository.id) ?? '')) return asDamage(error.cause, error.where);
      }
      return error;
    } catch (failure) {
      if (!(failure instanceof DrError)) throw failure;
      return error;
    }
  };
  const run: PgBackRest['run'] = async (command, args = [], options = {}) => {
    const secretEnv = {
      ...(await readVariables(site, variables)),
      ...(await serverSecrets(site, scope.role, postgres)),
    };
    try {
      const base = [`--config=${configFile}`, `--stanza=${STANZA}`, command];
      const idle = overNetwork ? IDLE[command] : undefined;
      return await site.run(['pgbackrest', ...base, ...args], {
        ...{ as, cwd: folder, env: { ...plain, ...server }, secretEnv },
        ...(idle === undefined ? {} : { idle }),
        ...options,
      });
    } catch (error) {
      throw await lookedInto(explained(error, scope, args));
    }
  };
  return {
    lineage: scope.lineage,
    repositories: scope.repositories,
    configFile,
    folder,
    secrets: variables,
    pushScript,
    getScript,
    run,
    passphraseOf: ({ id }) => passphrases.get(id) ?? '',
    number,
    async info(repository) {
      const args = [`--repo=${number(repository)}`, '--output=json', '--log-level-console=error'];
      const json = readableJson((await run('info', args)).stdout);
      const found = parseInfo(json, STANZA);
      if (found) return found;
      // Data that can't be read must not be mistaken for an empty repository.
      const message = unreadable(json);
      if (message !== undefined)
        throw await lookedInto(explained(infoError(repository, message), scope, [`--repo=${number(repository)}`]));
      return undefined;
    },
    async list(repository, path) {
      const args = [`--repo=${number(repository)}`, '--recurse', '--output=json', '--log-level-console=error', path];
      return parseListing((await run('repo-ls', args)).stdout);
    },
  };
}
