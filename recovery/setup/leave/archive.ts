/** What `dr init` and `dr` itself have left in PostgreSQL: settings of ALTER SYSTEM, the schema `dr`, rules that let it in. Only read. */
import { join } from 'node:path';
import { isOnOtherHost } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { withinCommand } from '../../core/quote.ts';
import { withClient } from '../../workloads/postgres/server.ts';
import { type Answer, ask } from '../found.ts';

export interface LeftInPostgres {
  /** Settings of postgresql.auto.conf that shipping needs; none where the server ships for somebody else. */
  readonly settings: readonly { readonly name: string; readonly value: string; readonly needsRestart: boolean }[];
  /** archive_command is ours and stands in another file than ALTER SYSTEM's. */
  readonly commandIn: string | undefined;
  /** The file that has archive_mode on, where ALTER SYSTEM did not set it: without a command the server then keeps all WAL. */
  readonly modeIn: string | undefined;
  /** The database has the schema `dr`, with heartbeats and marks of checks. */
  readonly schema: boolean;
  /** Lines of pg_hba.conf with the map of docs/host.md. */
  readonly rules: readonly string[];
}

const SHIPPING = ['wal_level', 'archive_mode', 'archive_command', 'archive_timeout'];

const SETTINGS = `SELECT name, setting, context = 'postmaster' AS restart, coalesce(sourcefile, '') AS file
  FROM pg_settings WHERE name = ANY($1)`;
const RULES = `SELECT coalesce(file_name, '') || ':' || line_number AS rule
  FROM pg_hba_file_rules WHERE 'map=recovery' = ANY(options)`;
/** Before PostgreSQL 16 the view doesn't name the file. */
const RULES_BEFORE_16 = `SELECT current_setting('hba_file') || ':' || line_number AS rule
  FROM pg_hba_file_rules WHERE 'map=recovery' = ANY(options)`;

/** Undefined for a site without a server of this host. */
export async function leftInPostgres(site: Site): Promise<Answer<LeftInPostgres> | undefined> {
  const { postgres, stateDir } = site.environment;
  if (postgres === undefined || isOnOtherHost(postgres)) return undefined;
  return ask('postgres', () =>
    withClient(site, postgres, async (client) => {
      const { rows } = await client.query<{ name: string; setting: string; restart: boolean; file: string }>(SETTINGS, [
        SHIPPING,
      ]);
      const ours = withinCommand(join(stateDir, 'pgbackrest', '/'));
      const command = rows.find(({ name, setting }) => name === 'archive_command' && setting.includes(ours));
      const byAlter = rows.filter(({ file }) => file.endsWith('/postgresql.auto.conf'));
      const { rows: versions } = await client.query<{ version: number }>(
        "SELECT current_setting('server_version_num')::int AS version",
      );
      const { rows: schemas } = await client.query("SELECT 1 FROM pg_namespace WHERE nspname = 'dr'");
      const rules = await client.query<{ rule: string }>(
        (versions[0]?.version ?? 0) < 160_000 ? RULES_BEFORE_16 : RULES,
      );
      const settings = byAlter.map(({ name, setting, restart }) => ({ name, value: setting, needsRestart: restart }));
      const mode = rows.find(({ name, setting }) => name === 'archive_mode' && setting !== 'off');
      const elsewhere = command === undefined || byAlter.includes(command) ? undefined : command.file;
      return {
        settings: command === undefined ? [] : settings,
        commandIn: elsewhere,
        modeIn: command === undefined || mode === undefined || byAlter.includes(mode) ? undefined : mode.file,
        schema: schemas.length > 0,
        rules: rules.rows.map(({ rule }) => rule),
      };
    }),
  );
}
