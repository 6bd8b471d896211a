/** Transactions that were prepared for a commit in two phases, and whose end a coordinator of the living platform has never sent here. */
import pg from 'pg';
import type { PostgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { withClient } from './server.ts';

interface Prepared {
  readonly gid: string;
  readonly database: string;
  readonly prepared: Date;
}

const PREPARED = 'SELECT gid, database, prepared FROM pg_prepared_xacts ORDER BY prepared, gid';

/** Notes for a person: what they have written is neither in the restored data nor lost, and their locks hold. */
export async function preparedNotes(site: Site, settings: PostgresSettings): Promise<string[]> {
  const { rows } = await withClient(site, settings, (client) => client.query<Prepared>(PREPARED), {
    database: 'postgres',
  });
  return rows.map(
    ({ gid, database, prepared }) =>
      `transaction ${JSON.stringify(gid)} of database ${database} was prepared at ${prepared.toISOString()} and has not ended: its rows can't be seen, and its locks hold. See its coordinator; then, in that database: COMMIT PREPARED ${pg.escapeLiteral(gid)} or ROLLBACK PREPARED ${pg.escapeLiteral(gid)}`,
  );
}

/** In a copy that is thrown away: their locks would keep a check from reading. */
export async function dropPrepared(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ gid: string }>(
    'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()',
  );
  for (const { gid } of rows) await client.query(`ROLLBACK PREPARED ${pg.escapeLiteral(gid)}`);
}
