/**
 * Pure: the scripts that PostgreSQL and Patroni call. They contain only the paths of secrets, read the secrets into their own environment
 * and run pgBackRest. So no ConfigMap, postgresql.conf or argument list contains a secret.
 */
import { STANZA } from '../../plan/layout.ts';
import { getAgain, pushEach, sessionSettings, startupOptions, WRITES } from '../../recovery/public.ts';
import { accessFiles, PATHS, passphraseFile, type StorageRole, scriptsFolder } from '../cluster/paths.ts';
import type { ClusterRepository } from '../cluster/repository.ts';
import { configFile, configName, pushConfigName } from '../pgbackrest/config.ts';
import { renderAdopt, renderAfterAdopt } from './adopt-script.ts';
import { type Bootstrap, recoveryArguments, type Source } from './bootstrap.ts';
import { SAME_MAJOR, sourceMajor } from './major-check.ts';
import { JOBS_OFF_EVERYWHERE, SUBSCRIPTIONS_OFF } from './outgoing.ts';
import { walLink } from './wal-volume.ts';

export const SCRIPTS = {
  start: 'start.sh',
  push: 'archive-push.sh',
  promoted: 'archive-missing.sh',
  get: 'archive-get.sh',
  sourceGet: 'source-get.sh',
  restore: 'restore.sh',
  afterInit: 'after-init.sh',
  adopt: 'adopt.sh',
  afterAdopt: 'after-adopt.sh',
} as const;

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** Variable of pgBackRest → file with its value. */
function secretFiles(repository: ClusterRepository, number: number, role: StorageRole): [string, string][] {
  const prefix = `PGBACKREST_REPO${number}`;
  const cipher: [string, string] = [`${prefix}_CIPHER_PASS`, passphraseFile(repository.id)];
  if (repository.kind === 'local' || repository.access === 'web-identity') return [cipher];
  const { id, secret } = accessFiles(role, repository.id);
  return [cipher, [`${prefix}_S3_KEY`, id], [`${prefix}_S3_KEY_SECRET`, secret]];
}

/** If a file is missing, the script must fail. It must not continue with an empty passphrase. */
const readFiles = (files: readonly [string, string][], failed: number): string[] =>
  files.map(([variable, file]) => `${variable}=$(cat ${quote(file)}) || exit ${failed}\nexport ${variable}`);

function readSecrets(repositories: readonly ClusterRepository[], role: StorageRole, failed: number): string[] {
  return repositories.flatMap((repository, i) => readFiles(secretFiles(repository, i + 1, role), failed));
}

const script = (use: string, lines: readonly string[]): string => `${['#!/bin/sh', `# ${use}`, ...lines].join('\n')}\n`;
const withConfig = (file: string): string => `pgbackrest --config=${file} --stanza=${STANZA}`;
const pgbackrest = (lineage: string): string => withConfig(configFile(lineage));

function renderPush(lineage: string, repositories: readonly ClusterRepository[]): string {
  const pushes = repositories.map((repository, i) => {
    const name = repositories.length === 1 ? configName(lineage) : pushConfigName(lineage, i + 1);
    const reads = readFiles(secretFiles(repository, i + 1, 'writer'), 1);
    return { number: i + 1, reads, pgbackrest: withConfig(`${PATHS.pgbackrestConfig}/${name}`) };
  });
  return script('archive_command = "<this file> %p"', pushEach(pushes));
}

/**
 * A replica marks each streamed segment as archived, even if the leader has not archived it yet. A former leader that follows archives
 * nothing. So segments that the leader had not shipped when it died would be missing in the archive for ever, and no recovery could get
 * past them. Patroni runs this script on the new leader: it hands the segments that a repository lacks to the archiver.
 */
export function renderPromoted(lineage: string, repositories: readonly ClusterRepository[]): string {
  const run = pgbackrest(lineage);
  return script('on_role_change: "<this file> on_role_change <role> <cluster>"', [
    'case "$2" in master | primary | promoted) ;; *) exit 0 ;; esac',
    ...readSecrets(repositories, 'writer', 1),
    `cd ${quote(`${PATHS.pgData}/pg_wal/archive_status`)} || exit 1`,
    "segments=$(ls | sed -n 's/^\\([0-9A-F]\\{24\\}\\)\\.done$/\\1/p')",
    `for repository in ${repositories.map((_, i) => i + 1).join(' ')}; do`,
    `  list() { ${run} --repo="$repository" --log-level-console=off repo-ls "archive/${STANZA}$1"; }`,
    // A lineage without an archive begins with a full backup, so it lacks nothing. An unreachable repository may lack every segment.
    "  names=$(list '') || names=0-0",
    '  id=$(echo "$names" | grep -E \'^[0-9]+-[0-9]+$\' | sort -t- -k2n | tail -n 1)',
    '  [ -n "$id" ] || continue',
    '  for folder in $(echo "$segments" | cut -c1-16 | sort -u); do',
    '    stored=$(list "/$id/$folder") || stored=',
    '    for segment in $(echo "$segments" | grep "^$folder"); do',
    // A second push does no harm: pgBackRest recognises a segment that it has.
    '      case "$stored" in *"$segment-"*) ;; *) [ -e "$segment.done" ] && mv "$segment.done" "$segment.ready" ;; esac',
    '    done',
    '  done',
    'done',
    'exit 0',
  ]);
}

const GET = 'restore_command = "<this file> %f %p"';

/**
 * PostgreSQL reads every exit code up to 125 as "no such segment": it would end recovery there and open for writes. Only pgBackRest's
 * exit code 1 (not found) may mean that. An unreachable repository or a missing key becomes 126, which stops the server.
 */
function getLines(lineage: string, repositories: readonly ClusterRepository[], role: StorageRole): string[] {
  return [
    ...readSecrets(repositories, role, 126),
    ...getAgain(pgbackrest(lineage)),
    '[ "$code" -le 1 ] && exit "$code"',
  ];
}

/** For a lineage that must exist. */
export function renderGet(lineage: string, repositories: readonly ClusterRepository[], role: StorageRole): string {
  return script(GET, [...getLines(lineage, repositories, role), 'exit 126']);
}

/**
 * For the cluster's own lineage. `dr init` creates it only after the database is up. Until then no repository has it, and a replica must
 * start by streaming. If one repository can't be queried, the exit code is 126 again.
 */
export function renderOwnGet(lineage: string, repositories: readonly ClusterRepository[], role: StorageRole): string {
  return script(GET, [
    ...getLines(lineage, repositories, role),
    `if ${pgbackrest(lineage)} --output=json --log-level-console=off info | grep -qF '"status":{"code":1,"lock":'; then exit 1; fi`,
    'exit 126',
  ]);
}

export const sourceGetCommand = (lineage: string): string => `${scriptsFolder(lineage)}/${SCRIPTS.sourceGet} %f "%p"`;

/** Removes the source's archive settings from the restored set: its command would archive into the source's lineage (F30). */
const forgetArchiving = (settings: string): string =>
  `sed -i -E '/^[[:space:]]*(${settings}|wal_level)[[:space:]]*=/d' ${quote(`${PATHS.pgData}/postgresql.auto.conf`)}`;

/** A database that begins with another one's data. */
interface Inheriting {
  readonly bootstrap: Extract<Bootstrap, { readonly source: Source }>;
  readonly lineage: string;
  readonly archiving: boolean;
  readonly walVolume?: boolean | undefined;
}

function restoreArguments({ bootstrap, lineage, archiving, walVolume }: Inheriting): string[] {
  const command = sourceGetCommand(lineage);
  if (bootstrap.kind === 'recovery') return recoveryArguments(bootstrap, command, archiving ? 'on' : 'off', walVolume);
  // Patroni writes the standby's own recovery settings.
  return ['--type=none', ...walLink(walVolume)];
}

/** Until the script after the replay disables them: they would take changes that the original has not received. */
const HOLDS_SUBSCRIPTIONS = `echo 'max_logical_replication_workers = 0' >> ${quote(`${PATHS.pgData}/postgresql.auto.conf`)}`;

/** Restores the source's set into an empty data directory. `--delta` lets an interrupted run resume. */
function renderRestore(database: Inheriting): string {
  const { source } = database.bootstrap;
  const args = ['--repo=1', '--delta', ...restoreArguments(database)];
  return script(`Fills ${PATHS.pgData} from ${source.lineage} in ${source.repository.id}.`, [
    'set -eu',
    'umask 077',
    `mkdir -p ${quote(PATHS.pgData)}`,
    ...readSecrets([source.repository], 'restorer', 1),
    ...sourceMajor(pgbackrest(source.lineage), source.lineage),
    `${pgbackrest(source.lineage)} ${args.map(quote).join(' ')} restore`,
    // In a drill pgBackRest itself writes `archive_mode = off`, and that line stays.
    forgetArchiving(
      database.archiving ? 'archive_(mode|command|timeout|library)' : 'archive_(command|timeout|library)',
    ),
    ...(database.bootstrap.kind === 'recovery' ? [HOLDS_SUBSCRIPTIONS] : []),
  ]);
}

/** Beside the data directory, in the same volume. */
const LINEAGE_MARK = `${PATHS.pgVolume}/lineage`;

/**
 * A volume belongs to one generation of the database. Without this check a new generation would start on the old one's data: a former
 * leader would continue to lead, and archive data that its successor never had.
 */
function renderStart(lineage: string): string {
  return script(`Starts Patroni on a volume that is new or holds ${lineage}.`, [
    'set -eu',
    `held=$(cat ${LINEAGE_MARK} 2>/dev/null || true)`,
    `if [ -n "$held" ] && [ "$held" != ${quote(lineage)} ]; then`,
    `  echo "this volume holds the data of $held, and this server is ${lineage}: nothing was touched" >&2`,
    '  echo "hint: keep the volume until it is not needed, then delete its claim; a new one is filled from the repository" >&2',
    '  exit 1',
    'fi',
    ...SAME_MAJOR,
    `echo ${quote(lineage)} > ${LINEAGE_MARK}.new`,
    `mv ${LINEAGE_MARK}.new ${LINEAGE_MARK}`,
    `exec patroni ${PATHS.patroni}/patroni.yml`,
  ]);
}

export const APPLICATION_PASSWORD = 'APPLICATION_PASSWORD';

/**
 * A restored database has settings of its roles, and may wait for a standby that is not there. `CREATE DATABASE` writes a checkpoint of all
 * that the replay has changed.
 */
const PINNED = startupOptions({ ...sessionSettings({ lock_timeout: '1min', statement_timeout: '15min' }), ...WRITES });

/** JSON: role → new password. */
export const ROLE_PASSWORDS = 'ROLE_PASSWORDS';

/** Roles of a restored database that services use get their new password. All other roles lose their old password. */
function renewRoles(database: string): string[] {
  const own = ['postgres', 'replicator', database].map((role) => `'${role}'`).join(', ');
  return [
    `\\getenv roles ${ROLE_PASSWORDS}`,
    `SELECT format('ALTER ROLE %I PASSWORD %L', key, value) FROM json_each_text(:'roles') JOIN pg_roles ON rolname = key WHERE rolname NOT IN (${own}) \\gexec`,
    `SELECT format('ALTER ROLE %I PASSWORD NULL', rolname) FROM pg_authid WHERE rolpassword IS NOT NULL AND rolname NOT IN (${own}) AND rolname NOT IN (SELECT key FROM json_each_text(:'roles')) \\gexec`,
  ];
}

/**
 * Patroni passes a connection string. The script first checks what exists, so it is harmless on a restored database, whose application
 * role gets this stack's password. psql reads it from the environment: others could read an argument list. The server must not log it.
 */
export function renderAfterInit(database: string, rotate = false): string {
  return script('Makes the role and the database of the platform where they are missing.', [
    'set -eu',
    `export PGOPTIONS=${quote(PINNED)}`,
    `psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname "$1" <<'SQL'`,
    "SET log_statement = 'none';",
    'SET log_min_duration_statement = -1;',
    "SET log_min_error_statement = 'panic';",
    `\\getenv password ${APPLICATION_PASSWORD}`,
    `SELECT 'CREATE ROLE ${database} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${database}') \\gexec`,
    `ALTER ROLE ${database} LOGIN PASSWORD :'password';`,
    `SELECT 'CREATE DATABASE ${database} OWNER ${database}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${database}') \\gexec`,
    ...(rotate ? renewRoles(database) : []),
    SUBSCRIPTIONS_OFF,
    'SQL',
    ...JOBS_OFF_EVERYWHERE,
  ]);
}

export interface ScriptsArgs {
  readonly lineage: string;
  readonly repositories: readonly ClusterRepository[];
  readonly bootstrap: Bootstrap;
  /** Also the name of the role that owns it. */
  readonly database: string;
  /** @default true */
  readonly archiving?: boolean | undefined;
  /** Invalidates every old password of the restored database. @default false */
  readonly rotate?: boolean | undefined;
  /** The WAL has a volume of its own. @default false */
  readonly walVolume?: boolean | undefined;
}

function sourceScripts({
  bootstrap,
  lineage,
  database,
  archiving = true,
  walVolume,
}: ScriptsArgs): Record<string, string> {
  if (bootstrap.kind === 'primary') return {};
  if (bootstrap.kind === 'adopted') {
    const after = renderAfterAdopt(database, APPLICATION_PASSWORD);
    return { [SCRIPTS.adopt]: renderAdopt(bootstrap.server, walVolume), [SCRIPTS.afterAdopt]: after };
  }
  const source: Source = bootstrap.source;
  return {
    [SCRIPTS.restore]: renderRestore({ bootstrap, lineage, archiving, walVolume }),
    [SCRIPTS.sourceGet]: renderGet(source.lineage, [source.repository], 'restorer'),
  };
}

/** File name → text. */
export function renderScripts(args: ScriptsArgs): Record<string, string> {
  const { lineage, repositories, database, archiving = true, rotate } = args;
  if (!/^[a-z_][a-z0-9_]*$/.test(database))
    throw new RangeError(`${JSON.stringify(database)} is not a valid database name`);
  return {
    [SCRIPTS.start]: renderStart(lineage),
    ...(archiving
      ? {
          [SCRIPTS.push]: renderPush(lineage, repositories),
          [SCRIPTS.promoted]: renderPromoted(lineage, repositories),
          [SCRIPTS.get]: renderOwnGet(lineage, repositories, 'writer'),
        }
      : {}),
    [SCRIPTS.afterInit]: renderAfterInit(database, rotate),
    ...sourceScripts(args),
  };
}
