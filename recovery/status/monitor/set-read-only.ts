/** What a fenced site does when nobody could stop it: it sets its database read-only until a person resets that. */
import type { Site } from '../../config/site.ts';
import type { Fence } from '../../points/fence-document.ts';
import { withClient } from '../../workloads/postgres/server.ts';

/**
 * The default for every transaction from now on; a session can still set itself writable. The setting is in postgresql.auto.conf: a
 * restart keeps it, and `ALTER SYSTEM RESET default_transaction_read_only` removes it. True when this call has changed it.
 */
export async function setReadOnly(site: Site, { lineage, successor, since }: Fence): Promise<boolean> {
  const settings = site.environment.postgres;
  if (settings === undefined) return false;
  return withClient(site, settings, async (client) => {
    const { rows } = await client.query<{ readonly: boolean }>(
      `SELECT pg_is_in_recovery() OR coalesce((SELECT setting::bool FROM pg_file_settings
        WHERE name = 'default_transaction_read_only' ORDER BY seqno DESC LIMIT 1), false) AS readonly`,
    );
    if (rows[0]?.readonly !== false) return false;
    await client.query('ALTER SYSTEM SET default_transaction_read_only = on');
    await client.query('SELECT pg_reload_conf()');
    site.log.warn({ lineage, successor, since }, 'fenced: the database is read-only now');
    return true;
  });
}
