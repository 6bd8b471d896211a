/** Sessions with the database of the restored tables and with the live one, at once. */
import type pg from 'pg';
import { postgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { withClient } from '../../workloads/postgres/server.ts';

export interface TwoDatabases {
  /** With the restored tables. */
  readonly database: string;
  /** With the live ones. */
  readonly liveDatabase: string;
}

export async function between<T>(
  site: Site,
  { database, liveDatabase }: TwoDatabases,
  use: (from: pg.Client, to: pg.Client) => Promise<T>,
): Promise<T> {
  const settings = postgresSettings(site.environment);
  return withClient(
    site,
    settings,
    (from) => withClient(site, settings, (to) => use(from, to), { database: liveDatabase, long: true }),
    { database, long: true },
  );
}
