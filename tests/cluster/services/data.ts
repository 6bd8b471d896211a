/** Rows and keys of a coffee shop in the stores of a stack, as its services left them: the drill's own, smaller. */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { seedRedis } from '../../../drill/platform/redis-data.ts';
import { canarySql, INDEXES_SQL, rowCounts, rowsSql, TABLES_SQL } from '../../../drill/platform/schema.ts';

const SCALE = 0.01;
const SEED = 7;

/** @param client of the application's role, to whom everything belongs then */
export async function seedData(client: pg.Client, redis: Redis): Promise<void> {
  await client.query('begin');
  await client.query(TABLES_SQL);
  for (const sql of rowsSql(rowCounts(SCALE), SEED)) await client.query(sql);
  await client.query(INDEXES_SQL);
  await client.query(canarySql(SEED));
  await client.query('commit');
  await seedRedis(redis, SCALE, SEED);
}
