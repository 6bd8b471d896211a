/** Back to the source after a switch. What was written to the stack's server since is said first: the source never gets it. */
import { precondition } from '../../core/errors.ts';
import { plural } from '../../report/format.ts';
import type { Memory, Switch } from '../types.ts';
import { startUsers, stopUsers } from '../users.ts';
import { unfence } from './fence.ts';
import type { ManagedServer } from './ports.ts';
import type { SwitchPorts } from './switch.ts';

export interface Written {
  /** `database.schema.table` → rows inserted, changed and deleted since the promotion. */
  readonly tables: Readonly<Record<string, number>>;
  readonly rows: number;
  /** False: the server has started again since the switch, and may have lost its counts. */
  readonly certain: boolean;
}

const CHANGED = `
  SELECT schemaname || '.' || relname AS name, (n_tup_ins + n_tup_upd + n_tup_del)::float8 AS rows
    FROM pg_stat_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND schemaname <> 'dr'`;

/** A standby counts no changes: all that the leader has counted came after its promotion. A session reports at its end or every second. */
export async function writtenSince(managed: ManagedServer, { switch: begun }: Memory): Promise<Written> {
  const [row = {}] = await managed.query('SELECT extract(epoch FROM pg_postmaster_start_time())::float8 AS started');
  const promotedAt = begun?.promotedAt;
  const certain = promotedAt === undefined || Number(row.started) * 1000 < Date.parse(promotedAt);
  const databases = await managed.query(
    'SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datistemplate',
  );
  const tables: Record<string, number> = {};
  for (const { name } of databases) {
    for (const row of await managed.query(CHANGED, String(name))) tables[`${name}.${row.name}`] = Number(row.rows);
  }
  return { tables, rows: Object.values(tables).reduce((sum, rows) => sum + rows, 0), certain };
}

export function writtenText({ tables, rows, certain }: Written): string {
  if (!certain)
    return 'an unknown number of changes: the server has started again since the switch, and its counts may be lost';
  if (rows === 0) return 'nothing was written to it since the switch';
  const each = Object.entries(tables)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`);
  const more = each.length > 8 ? `, and ${plural(each.length - 8, 'more table')}` : '';
  return `${plural(rows, 'change')} of rows since the switch: ${each.slice(0, 8).join(', ')}${more}`;
}

/** Throws `LOSS-NOT-ACCEPTED` (exit 6): nothing was changed. */
export function refuseLoss(written: Written, acceptLoss: boolean): void {
  if ((written.certain && written.rows === 0) || acceptLoss) return;
  throw precondition({
    code: 'LOSS-NOT-ACCEPTED',
    where: '--undo',
    fact: `the source never gets ${writtenText(written)}`,
    hint: 'copy these rows first (pg_dump --table), or give them up: --accept-loss',
  });
}

/** From a memory with a switch, whether it ended or not. May be repeated. */
export async function undoPostgres(ports: SwitchPorts, memory: Memory): Promise<Memory> {
  const begun = memory.switch as Switch;
  await using source = await ports.source.open();
  await stopUsers(ports, begun.users);
  // A session that stays would go on writing where nobody looks any more.
  await ports.managed.query(
    `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
  if (begun.serviceBefore !== undefined) await ports.platform.restoreService(memory.place, begun.serviceBefore);
  await unfence(source, begun.limits);
  await startUsers(ports, begun.users);
  const undone: Memory = { ...memory, phase: 'undone' };
  await ports.memory.write(undone);
  return undone;
}
