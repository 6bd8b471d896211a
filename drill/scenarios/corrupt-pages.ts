/** Damages data files of a running PostgreSQL. */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { noise } from '../platform/content.ts';
import type { Platform } from '../platform/platform.ts';
import { firstRow } from '../platform/postgres.ts';

const PAGE = 8192;
/** Not overwritten: a page with another LSN would look newer than it is. */
const HEADER = 64;

export interface CorruptPage {
  readonly table: string;
  /** Relative to the data directory. */
  readonly file: string;
  readonly page: number;
}

/** Overwrites `pages` pages of each table's first file, chosen by the seed, and returns them. */
export async function corruptPages(
  platform: Platform,
  tables: readonly string[],
  pages: number,
  seed: number,
): Promise<CorruptPage[]> {
  const client = await platform.postgres();
  const corrupted: CorruptPage[] = [];
  try {
    // Dirty pages in memory would be written over the damage.
    await client.query('checkpoint');
    for (const table of tables) {
      const { rows } = await client.query<{ file: string; pages: number }>(
        `select pg_relation_filepath($1::regclass) as file, (pg_relation_size($1::regclass) / ${PAGE})::int as pages`,
        [table],
      );
      const { file, pages: size } = firstRow(rows);
      const chosen = new Set(
        Array.from({ length: pages }, (_, i) => noise(`${table}:${i}`, seed, 4).readUInt32BE() % size),
      );
      const handle = await open(join(platform.paths.postgresData, file), 'r+');
      for (const page of chosen) {
        await handle.write(randomBytes(PAGE - HEADER), 0, PAGE - HEADER, page * PAGE + HEADER);
        corrupted.push({ table, file, page });
      }
      await handle.sync();
      await handle.close();
    }
  } finally {
    await client.end();
  }
  return corrupted;
}
