/**
 * The database for the team alone: every other role loses its login, its sessions end, and new transactions are read-only by default. What
 * was there before is recorded first, so that each of it can be given back. The statements may be repeated.
 */

import pg from 'pg';
import { z } from 'zod';
import type { Gap } from '../core/errors.ts';
import { poll } from '../core/poll.ts';

/** Runs one statement as a superuser. Rows as JSON objects. */
export type Sql = (statement: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

/** Before the isolation. */
export const databaseBefore = z.object({
  /** Roles that could log in and no longer can. */
  revoked: z.array(z.string()),
  /** Roles of the team that got a setting of their own, by which they still write. */
  team: z.array(z.string()),
  /** `default_transaction_read_only` as ALTER SYSTEM had set it; null where it had not. */
  readOnly: z.string().nullable(),
});
export type DatabaseBefore = z.infer<typeof databaseBefore>;

export interface DatabaseFacts extends DatabaseBefore {
  readonly gaps: readonly Gap[];
}

const name = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

const ROLES = `SELECT rolname AS name, rolname = current_user AS own, rolpassword IS NOT NULL AS password,
  coalesce((SELECT true FROM pg_db_role_setting s WHERE s.setrole = a.oid
    AND EXISTS (SELECT FROM unnest(s.setconfig) c WHERE c LIKE 'default_transaction_read_only=%')), false) AS set
  FROM pg_authid a WHERE rolcanlogin ORDER BY rolname`;

const READ_ONLY = `SELECT setting FROM pg_file_settings
  WHERE name = 'default_transaction_read_only' AND sourcefile LIKE '%postgresql.auto.conf' ORDER BY seqno DESC LIMIT 1`;

const TRUSTED = `SELECT line_number AS line, type, array_to_string(user_name, ',') AS users FROM pg_hba_file_rules
  WHERE error IS NULL AND auth_method = 'trust' AND type <> 'local' ORDER BY line_number`;

export interface Kept {
  /** Roles of the team: they log in and write as before. */
  readonly team: readonly string[];
  /** Roles without which the server itself stops working, e.g. Patroni's own. They stay as they are. */
  readonly needed?: readonly string[];
}

/** Changes nothing. @throws what `sql` throws, e.g. for a role that may not read `pg_authid` */
export async function databaseFacts(sql: Sql, { team, needed = [] }: Kept): Promise<DatabaseFacts> {
  const [state] = await sql('SELECT pg_is_in_recovery() AS follows');
  if (state?.follows === true) {
    const fact = 'PostgreSQL follows another server: roles can’t be changed here';
    const gap = { id: 'postgres', fact, hint: 'isolate the server that it follows; changes arrive here from there' };
    return { revoked: [], team: [], readOnly: null, gaps: [gap] };
  }
  const roles = await sql(ROLES);
  const known = roles.map((role) => String(role.name));
  const isKept = (role: string): boolean => team.includes(role) || needed.includes(role);
  const [setting] = await sql(READ_ONLY);
  const trusted = await sql(TRUSTED);
  return {
    revoked: roles
      .filter(({ own, name: role }) => own !== true && !isKept(String(role)))
      .map((role) => String(role.name)),
    team: roles
      .filter(({ set, name: role }) => set !== true && team.includes(String(role)))
      .map((role) => String(role.name)),
    readOnly: setting === undefined ? null : String(setting.setting),
    gaps: [
      ...team
        .filter((role) => !known.includes(role))
        .map((role) => ({
          id: `postgres/team/${role}`,
          fact: `the database has no role "${role}" that can log in`,
          hint: `name a role of the team: ${known.join(', ')}`,
        })),
      ...trusted.map(({ line, type, users }) => ({
        id: `postgres/hba/${line}`,
        fact: `line ${line} of pg_hba.conf (${type}) lets ${users} in over the network without a password`,
        hint: 'take that line out of pg_hba.conf and reload: SELECT pg_reload_conf()',
      })),
    ],
  };
}

/** Whatever the session's default is by now. */
const writing = (statement: string): string => `BEGIN READ WRITE; ${statement}; COMMIT`;

export async function revokeLogins(sql: Sql, { revoked }: DatabaseBefore): Promise<void> {
  for (const role of revoked) await sql(writing(`ALTER ROLE ${name(role)} NOLOGIN`));
}

export async function setReadOnly(sql: Sql, { team }: DatabaseBefore): Promise<void> {
  for (const role of team) await sql(writing(`ALTER ROLE ${name(role)} SET default_transaction_read_only = off`));
  await sql('ALTER SYSTEM SET default_transaction_read_only = on');
  await sql('SELECT pg_reload_conf()');
}

const ENDING = { seconds: 5, everySeconds: 0.25 };

/** Ends the sessions of everybody but the team, those that send WAL too. The users whose sessions are still there at the end. */
export async function endSessions(sql: Sql, { team, needed = [] }: Kept): Promise<readonly string[]> {
  const kept = [...team, ...needed].map(literal);
  const others = `FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid()
    ${kept.length === 0 ? '' : `AND coalesce(usename, '') NOT IN (${kept.join(', ')})`}`;
  const ask = async (): Promise<readonly string[]> => {
    await sql(`SELECT count(pg_terminate_backend(pid)) ${others}`);
    return (await sql(`SELECT DISTINCT usename AS name ${others}`)).map((row) => String(row.name));
  };
  return (await poll(ENDING, ask, (left) => left.length === 0)).answer;
}

/** Roles that are gone by now, e.g. after a restore, are left out and returned. */
export async function giveBack(sql: Sql, before: DatabaseBefore): Promise<readonly string[]> {
  const rows = await sql('SELECT rolname AS name FROM pg_roles');
  const there = new Set(rows.map((row) => String(row.name)));
  for (const role of before.revoked) if (there.has(role)) await sql(writing(`ALTER ROLE ${name(role)} LOGIN`));
  for (const role of before.team)
    if (there.has(role)) await sql(writing(`ALTER ROLE ${name(role)} RESET default_transaction_read_only`));
  await sql(
    before.readOnly === null
      ? 'ALTER SYSTEM RESET default_transaction_read_only'
      : `ALTER SYSTEM SET default_transaction_read_only = ${literal(before.readOnly)}`,
  );
  await sql('SELECT pg_reload_conf()');
  return before.revoked.filter((role) => !there.has(role));
}

/** Several isolations before one undo: what the first has found counts, with the roles of all. Pure. */
export function together(all: readonly DatabaseBefore[]): DatabaseBefore | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  return {
    revoked: [...new Set(all.flatMap(({ revoked }) => revoked))],
    team: [...new Set(all.flatMap(({ team }) => team))],
    readOnly: first.readOnly,
  };
}
