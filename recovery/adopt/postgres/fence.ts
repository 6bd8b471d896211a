/** The source takes no writes any more, and can be let write again. Every step may be repeated. */
import { DrError } from '../../core/errors.ts';
import { type PollOptions, poll } from '../../core/poll.ts';
import { formatLsn } from '../../points/wal-segment.ts';
import { sourceEnd } from './lag.ts';
import type { Session } from './ports.ts';
import { named } from './prepare.ts';

/** Database → its connection limit; -1 is none. Without those that let nobody in anyway. */
export async function connectionLimits(session: Session): Promise<Record<string, number>> {
  const rows = await session.query('SELECT datname AS name, datconnlimit AS limit FROM pg_database WHERE datallowconn');
  return Object.fromEntries(rows.map(({ name, limit }) => [String(name), Number(limit)]));
}

const OTHERS = `FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;

/**
 * No role but a superuser can connect, none writes by default, and every session ends. Gives the place up to which the source has written
 * when nobody was left. Throws `WRITERS-REMAIN`.
 */
export async function fence(
  session: Session,
  limits: Readonly<Record<string, number>>,
  wait: PollOptions,
): Promise<string> {
  await session.query('SET default_transaction_read_only = off');
  for (const database of Object.keys(limits))
    await session.query(`ALTER DATABASE ${named(database)} CONNECTION LIMIT 0`);
  await session.query('ALTER SYSTEM SET default_transaction_read_only = on');
  await session.query('SELECT pg_reload_conf()');
  const { answer: left, accepted } = await poll(
    wait,
    async () => {
      await session.query(`SELECT count(pg_terminate_backend(pid)) ${OTHERS}`);
      return session.query(`SELECT usename AS user, host(client_addr) AS address ${OTHERS}`);
    },
    (rows) => rows.length === 0,
  );
  if (!accepted) {
    const who = left.map(({ user, address }) => `${user} from ${address ?? 'its own host'}`);
    throw new DrError({
      code: 'WRITERS-REMAIN',
      where: 'source',
      fact: `these sessions come back however often they are ended: ${[...new Set(who)].join(', ')}`,
      hint: 'only superusers can: stop that program; the source takes writes again',
    });
  }
  return formatLsn(await sourceEnd(session));
}

export async function unfence(session: Session, limits: Readonly<Record<string, number>>): Promise<void> {
  await session.query('SET default_transaction_read_only = off');
  for (const statement of limitStatements(limits)) await session.query(statement);
  await session.query('ALTER SYSTEM RESET default_transaction_read_only');
  await session.query('SELECT pg_reload_conf()');
}

/** Limits are data: the new leader has got them too. */
export function limitStatements(limits: Readonly<Record<string, number>>): string[] {
  return Object.entries(limits).map(([name, limit]) => `ALTER DATABASE ${named(name)} CONNECTION LIMIT ${limit}`);
}
