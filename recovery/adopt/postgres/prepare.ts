/** What an adoption makes on the source, and takes away again: two roles, a slot, and the slot's limit. Every step may be repeated. */
import pg from 'pg';
import { badInput } from '../../core/errors.ts';
import type { Memory, MemoryPort } from '../types.ts';
import { REPLICATOR, roleMark, SUPERUSER } from './names.ts';
import type { Session } from './ports.ts';

/** A literal of SQL. */
export const quoted = pg.escapeLiteral;
/** A name in SQL. */
export const named = pg.escapeIdentifier;

/** Neither the statement nor its password goes into the server's log. */
const SILENT = [
  "SET log_statement = 'none'",
  'SET log_min_duration_statement = -1',
  "SET log_min_error_statement = 'panic'",
  "SET password_encryption = 'scram-sha-256'",
];

const exists = async (session: Session, role: string): Promise<boolean> =>
  (await session.query(`SELECT 1 FROM pg_roles WHERE rolname = ${quoted(role)}`)).length > 0;

/** `10GB`, as PostgreSQL writes sizes. Throws `SLOT-LIMIT` (exit 2). */
export function checkSlotLimit(text: string): string {
  if (/^[1-9]\d*(MB|GB|TB)$/.test(text)) return text;
  throw badInput({
    code: 'SLOT-LIMIT',
    where: '--slot-limit',
    fact: `"${text}" is not a size`,
    hint: 'write e.g. 10GB: as much as the disk of the source can spare',
  });
}

export interface Preparation {
  readonly stack: string;
  readonly slot: string;
  /** The stack's own for replication. */
  readonly password: string;
  readonly slotLimit: string | undefined;
}

/** Memory comes first: what a killed run has made must be known as its own. */
export async function prepareSource(
  session: Session,
  memories: MemoryPort,
  before: Memory,
  { stack, slot, password, slotLimit }: Preparation,
): Promise<Memory> {
  const mark = quoted(roleMark(stack));
  const missing: string[] = [];
  for (const role of [REPLICATOR, SUPERUSER]) if (!(await exists(session, role))) missing.push(role);
  const [limit = {}] = await session.query(`SELECT current_setting('max_slot_wal_keep_size') AS keep`);
  const memory: Memory = {
    ...before,
    madeRoles: [...new Set([...before.madeRoles, ...missing])],
    ...(slotLimit !== undefined && before.slotLimitBefore === undefined ? { slotLimitBefore: String(limit.keep) } : {}),
  };
  await memories.write(memory);
  for (const statement of SILENT) await session.query(statement);
  if (missing.includes(REPLICATOR)) await session.query(`CREATE ROLE ${REPLICATOR} LOGIN REPLICATION`);
  await session.query(`COMMENT ON ROLE ${REPLICATOR} IS ${mark}`);
  await session.query(`ALTER ROLE ${REPLICATOR} LOGIN REPLICATION PASSWORD ${quoted(password)}`);
  // Without a password nobody can log in as it over the network; the members come by their socket.
  if (missing.includes(SUPERUSER)) await session.query(`CREATE ROLE ${SUPERUSER} LOGIN SUPERUSER`);
  if (slotLimit !== undefined) {
    await session.query(`ALTER SYSTEM SET max_slot_wal_keep_size = ${quoted(slotLimit)}`);
    await session.query('SELECT pg_reload_conf()');
  }
  // It keeps WAL from now on: the copy may take hours.
  await session.query(
    `SELECT pg_create_physical_replication_slot(${quoted(slot)}, true)
      WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ${quoted(slot)})`,
  );
  return memory;
}

/** Never the source's data: slot, limit, and the roles that own nothing. */
export async function cleanSource(session: Session, { slot, madeRoles, slotLimitBefore }: Memory): Promise<string[]> {
  const done: string[] = [];
  await session.query('SET default_transaction_read_only = off');
  if (slot !== undefined && (await dropSlot(session, slot))) done.push(`slot ${slot}`);
  if (slotLimitBefore !== undefined) {
    await session.query(`ALTER SYSTEM SET max_slot_wal_keep_size = ${quoted(slotLimitBefore)}`);
    await session.query('SELECT pg_reload_conf()');
    done.push(`max_slot_wal_keep_size ${slotLimitBefore}`);
  }
  for (const role of madeRoles) {
    if (!(await exists(session, role))) continue;
    await session.query(`DROP ROLE ${named(role)}`);
    done.push(`role ${role}`);
  }
  return done;
}

/** True where it was there. */
export async function dropSlot(session: Session, slot: string): Promise<boolean> {
  const where = `FROM pg_replication_slots WHERE slot_name = ${quoted(slot)}`;
  await session.query(`SELECT pg_terminate_backend(active_pid, 5000) ${where} AND active`);
  return (await session.query(`SELECT pg_drop_replication_slot(slot_name) ${where}`)).length > 0;
}
