/** Makes the server of this host ship its WAL to the lineage. A server of another host is only checked. */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type pg from 'pg';
import { seconds } from '../../../../plan/duration.ts';
import { selectWorkloads } from '../../../../plan/select.ts';
import { isOnOtherHost, type PostgresSettings, postgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { precondition } from '../../../core/errors.ts';
import { commandWord, withinCommand } from '../../../core/quote.ts';
import type { PgBackRest } from '../../../engines/pgbackrest/pgbackrest.ts';
import { createStanza } from '../../../engines/pgbackrest/sets.ts';
import { whilePushing } from '../access/archive-wait.ts';
import { tryStartOptions } from '../access/launch.ts';
import { refuseStandby } from '../host/standby.ts';
import { startServer, stopServer, waitUntilWritable, withClient } from '../server.ts';
import { NO_COMMAND } from './archive-fault.ts';
import { authoritiesOf, refuseUnreadable } from './readable-secrets.ts';

/** The server's settings; `archive_mode` and `wal_level` take effect at its next start. */
export function archiveSettings(pg: PgBackRest, archiveTimeoutSeconds: number): Record<string, string> {
  return {
    wal_level: 'replica',
    archive_mode: 'on',
    archive_command: `${commandWord(pg.pushScript)} %p`,
    archive_timeout: String(archiveTimeoutSeconds),
  };
}

/** Another archive_command ships WAL for somebody else and must not end. Throws `ARCHIVE-COMMAND-TAKEN` (exit 6). */
async function refuseForeignCommand(site: Site, client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ setting: string }>("SELECT current_setting('archive_command') AS setting");
  const command = rows[0]?.setting ?? '';
  if (
    NO_COMMAND.includes(command.trim()) ||
    command.includes(withinCommand(join(site.environment.stateDir, 'pgbackrest', '/')))
  )
    return;
  throw precondition({
    code: 'ARCHIVE-COMMAND-TAKEN',
    where: 'postgres',
    fact: `archive_command is already ${JSON.stringify(command)}`,
    hint: 'if nobody needs that archive any more: ALTER SYSTEM RESET archive_command (or take it out of postgresql.conf), reload, and run `dr init` again',
  });
}

interface Difference {
  readonly name: string;
  readonly now: string;
  /** Wanted. */
  readonly value: string;
}

async function settingsThatDiffer(client: pg.Client, wanted: Record<string, string>): Promise<Difference[]> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
    [Object.keys(wanted)],
  );
  const current = new Map(rows.map((row) => [row.name, row.setting]));
  return Object.entries(wanted).flatMap(([name, value]) => {
    const now = current.get(name) ?? '';
    // `logical` holds more than `replica` does: never turned down.
    return now === value || (name === 'wal_level' && now === 'logical') ? [] : [{ name, now, value }];
  });
}

async function alterSystem(client: pg.Client, wanted: Record<string, string>): Promise<string[]> {
  const changes = await settingsThatDiffer(client, wanted);
  for (const { name, value } of changes)
    await client.query(`ALTER SYSTEM SET ${name} = '${value.replaceAll("'", "''")}'`);
  await client.query('SELECT pg_reload_conf()');
  return changes.map(({ name }) => name);
}

/** Seconds. */
export function archiveTimeout({ plan }: Pick<Site, 'plan'>): number {
  const [database] = selectWorkloads(plan, ['type:postgres']);
  return seconds(database?.continuous?.archiveTimeout ?? '60s');
}

export interface ArchiveOptions {
  /** Restart the server where a setting needs it. */
  readonly restart: boolean;
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  if (one === other) return true;
  const [a, b] = await Promise.allSettled([stat(one), stat(other)]);
  return (
    a.status === 'fulfilled' && b.status === 'fulfilled' && a.value.ino === b.value.ino && a.value.dev === b.value.dev
  );
}

interface RunningServer {
  readonly config_file: string;
  readonly data_directory: string;
}

/**
 * Everything that can be tried while the server still runs: its files with our options, the script as its account, and whether it runs with
 * the very files that it would be started with. Throws `SERVER-START-REFUSED`, `POSTGRES-CONFIG-ELSEWHERE` or `ARCHIVE-SCRIPT` (exit 6).
 */
async function checkRestart(site: Site, settings: PostgresSettings, { pushScript }: PgBackRest): Promise<void> {
  const as = site.environment.runAs;
  const { exitCode } = await site.run(['sh', '-c', 'test -x "$1" && sh -n "$1"', 'sh', pushScript], {
    as,
    cwd: '/',
    accept: 'any',
  });
  if (exitCode !== 0) {
    throw precondition({
      code: 'ARCHIVE-SCRIPT',
      where: 'archive_command',
      fact: `the account "${as ?? 'of this process'}", which ships the WAL, can't run ${pushScript}`,
      hint: 'let that account pass every folder of the path (chmod o+x), and see that the disk is not mounted noexec',
    });
  }
  // A start command of one's own can't be tried.
  if (settings.control) return;
  await tryStartOptions(site, settings);
  const sql =
    "SELECT current_setting('config_file') AS config_file, current_setting('data_directory') AS data_directory";
  const running = await withClient(site, settings, async (client) => (await client.query<RunningServer>(sql)).rows[0], {
    database: 'postgres',
  });
  const config = join(settings.configDir ?? settings.dataDir, 'postgresql.conf');
  if (running === undefined || (await isSameFile(running.config_file, config))) return;
  throw precondition({
    code: 'POSTGRES-CONFIG-ELSEWHERE',
    where: 'postgres.configDir',
    fact: `the server runs with ${running.config_file}, and \`dr\` would start it with ${config}`,
    hint: `name its folder (configDir: ${dirname(running.config_file)}) or how it is started (control); nothing was stopped`,
  });
}

/** Settings that only a start of the server turns on, and that are off in the running one. */
async function settingsToStartWith(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM pg_settings
     WHERE (name = 'archive_mode' AND setting = 'off') OR (name = 'wal_level' AND setting = 'minimal') ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** Settings for which `dr init` will have to restart the server. Changes nothing; none for a server of another host, which it never changes. */
export async function restartWanted(site: Site): Promise<string[]> {
  const { postgres } = site.environment;
  if (postgres === undefined || isOnOtherHost(postgres)) return [];
  return withClient(site, postgres, settingsToStartWith, { database: 'postgres' });
}

/** Throws `RESTART-NEEDED` (exit 6) with what was set where the server must be restarted and no leave was given. */
async function turnOnArchiving(
  site: Site,
  pgb: PgBackRest,
  { restart }: ArchiveOptions,
): Promise<{ changed: string[]; restarted: boolean }> {
  const settings = postgresSettings(site.environment);
  const wanted = archiveSettings(pgb, archiveTimeout(site));
  const { changed, pending } = await withClient(
    site,
    settings,
    async (client) => {
      await refuseForeignCommand(site, client);
      const done = await alterSystem(client, wanted);
      return { changed: done, pending: await settingsToStartWith(client) };
    },
    { database: 'postgres' },
  );
  if (pending.length === 0) return { changed, restarted: false };
  if (!restart) {
    throw precondition({
      code: 'RESTART-NEEDED',
      where: 'postgres',
      fact: `${changed.join(', ')} ${changed.length === 1 ? 'was' : 'were'} set with ALTER SYSTEM, and nothing is archived before the server restarts: ${pending.join(' and ')} can't change while it runs`,
      hint: 'restart PostgreSQL and run `dr init` again, or let it do so: `dr init --restart`',
    });
  }
  await checkRestart(site, settings, pgb);
  await stopServer(site, settings);
  await startServer(site, settings);
  await waitUntilWritable(site, settings);
  return { changed, restarted: true };
}

/** A server on another host is set up there. Throws `ARCHIVING-OTHERWISE` (exit 6). */
async function checkArchivingElsewhere(site: Site, pgb: PgBackRest): Promise<void> {
  const wanted = archiveSettings(pgb, archiveTimeout(site));
  const differences = await withClient(
    site,
    postgresSettings(site.environment),
    (client) => settingsThatDiffer(client, wanted),
    { database: 'postgres' },
  );
  if (differences.length === 0) return;
  throw precondition({
    code: 'ARCHIVING-OTHERWISE',
    where: 'postgres',
    fact: differences.map(({ name, now, value }) => `${name} is "${now}" there, expected "${value}"`).join('\n'),
    hint: 'set these where that server is configured, with a script at that path there; `dr` changes no server of another host',
  });
}

/** The stanza, and a server that ships its WAL into it. */
export async function makeArchive(
  site: Site,
  pgb: PgBackRest,
  options: ArchiveOptions,
): Promise<{ changed: readonly string[]; restarted: boolean }> {
  await refuseStandby(site);
  if (isOnOtherHost(site.environment.postgres)) {
    await checkArchivingElsewhere(site, pgb);
    await whilePushing(() => createStanza(pgb, { online: true }), site.signal);
    return { changed: [], restarted: false };
  }
  await refuseUnreadable(site, pgb.secrets, authoritiesOf(pgb.repositories));
  await whilePushing(() => createStanza(pgb, { online: true }), site.signal);
  return turnOnArchiving(site, pgb, options);
}
