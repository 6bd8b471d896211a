/** Questions to the data itself: tables that hold rows, pages that fit their checksums. */
import { takeCensus } from '../assess/tables.ts';
import { withClient } from '../engines/postgres/server.ts';
import { plural } from '../report/format.ts';
import type { Site } from '../site.ts';
import { wordsOf } from './stores.ts';
import type { HealthCheck } from './types.ts';

export async function checkData(site: Site): Promise<HealthCheck[]> {
  const settings = site.environment.postgres;
  if (settings === undefined) return [];
  try {
    return await withClient(site, settings, async (client) => {
      const census = await takeCensus(client);
      const { rows } = await client.query<{ failures: string | null }>(
        'SELECT sum(checksum_failures) AS failures FROM pg_stat_database',
      );
      const empty = census.tables.filter((each) => each.rows === 0).map(({ table }) => table);
      const total = census.tables.reduce((sum, each) => sum + each.rows, 0);
      const failures = rows[0]?.failures;
      return [
        {
          id: 'data/tables',
          title: 'Tables hold rows',
          ok: census.damage.length === 0 && total > 0 && empty.length === 0,
          fact:
            census.damage.length > 0
              ? census.damage.join('; ')
              : `${plural(census.tables.length, 'table')}, ${plural(total, 'row')}${empty.length === 0 ? '' : `; empty: ${empty.join(', ')}`}`,
        },
        {
          id: 'data/checksums',
          title: 'No page with a wrong checksum was met',
          // null: checksums are off, so nothing can be said.
          ok: failures === null || failures === undefined ? undefined : Number(failures) === 0,
          fact:
            failures === null || failures === undefined
              ? 'data checksums are off'
              : plural(Number(failures), 'failure'),
        },
      ];
    });
  } catch (error) {
    return [{ id: 'data/tables', title: 'Tables hold rows', ok: false, fact: wordsOf(error) }];
  }
}
