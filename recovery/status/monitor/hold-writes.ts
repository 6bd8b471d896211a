/** What a fenced site does that nobody could stop: its database takes no new writes, until a person says otherwise. */
import type { Site } from '../../config/site.ts';
import type { Fence } from '../../storage/fence.ts';
import { withClient } from '../../workloads/postgres/server.ts';

/**
 * By default, for every transaction that begins from now on; a session that asks for writes by itself still gets them. The setting
 * stands in postgresql.auto.conf: a restart keeps it, `ALTER SYSTEM RESET default_transaction_read_only` takes it back. True when
 * this call has made it so.
 */
export async function holdWrites(site: Site, { lineage, successor, since }: Fence): Promise<boolean> {
  const settings = site.environment.postgres;
  if (settings === undefined) return false;
  return withClient(site, settings, async (client) => {
    const { rows } = await client.query<{ holds: boolean }>(
      `SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool AS holds`,
    );
    if (rows[0]?.holds !== false) return false;
    await client.query('ALTER SYSTEM SET default_transaction_read_only = on');
    await client.query('SELECT pg_reload_conf()');
    site.log.warn({ lineage, successor, since }, 'fenced: the database takes no more writes');
    return true;
  });
}
