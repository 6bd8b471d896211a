/** Questions to the data itself: tables that hold their rows, pages that fit their checksums. */
import { type Census, lostTables, takeCensus } from '../assess/tables.ts';
import type { Site } from '../config/site.ts';
import { withClient } from '../engines/postgres/server.ts';
import type { CaptureFacts } from '../points/point.ts';
import { plural } from '../report/format.ts';
import { wordsOf } from './stores.ts';
import type { HealthCheck } from './types.ts';

/** `before`: facts of the newest logical dump. */
export async function checkData(site: Site, before: CaptureFacts | undefined): Promise<HealthCheck[]> {
  const settings = site.environment.postgres;
  if (settings === undefined) return [];
  try {
    return await withClient(site, settings, async (client) => {
      const census = await takeCensus(client);
      const { rows } = await client.query<{ failures: string | null }>(
        'SELECT sum(checksum_failures) AS failures FROM pg_stat_database',
      );
      const failures = rows[0]?.failures;
      return [
        { id: 'data/tables', title: 'Tables hold their rows', ...judgeTables(census, before) },
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
    return [{ id: 'data/tables', title: 'Tables hold their rows', ok: false, fact: wordsOf(error) }];
  }
}

/** A table may rightly be empty, unless it had rows when it was last captured. */
export function judgeTables(census: Census, before: CaptureFacts | undefined): Pick<HealthCheck, 'ok' | 'fact'> {
  const total = census.tables.reduce((sum, { rows }) => sum + rows, 0);
  const lost = lostTables(census, before ?? {}).map(({ table, rowsThen, rowsNow }) =>
    rowsNow === undefined ? `${table} is missing` : `${table} has ${rowsNow} rows, had ${rowsThen}`,
  );
  const wrong = [...census.damage, ...lost, ...(total === 0 ? ['no table holds a row'] : [])];
  const sum = `${plural(census.tables.length, 'table')}, ${plural(total, 'row')}`;
  return { ok: wrong.length === 0, fact: wrong.length === 0 ? sum : wrong.join('; ') };
}
