/** Reads the answers of Redis' INFO. */
import type { Redis } from 'ioredis';

/** The value of a line `name:value`; undefined where the answer has none. */
export function infoField(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim();
}

/** Keys of all databases. */
export async function countKeys(redis: Redis): Promise<number> {
  const keyspace = await redis.info('keyspace');
  return [...keyspace.matchAll(/^db\d+:keys=(\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
}
