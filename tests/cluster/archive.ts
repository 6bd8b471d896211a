/** Where a WAL segment has arrived, looked up in the storage itself. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { layout } from '../../plan/layout.ts';
import type { Cluster } from './cluster.ts';
import { sql } from './database.ts';
import { type Place, place } from './place.ts';
import { poll } from './poll.ts';
import type { Storage } from './storage.ts';

async function keysOf(storage: Storage, id: keyof Storage, prefix: string): Promise<string[]> {
  const region = storage[id];
  const client = region.client(await region.keys('root'));
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: region.bucket, Prefix: prefix, ContinuationToken: token }),
    );
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  client.destroy();
  return keys;
}

/** Below the folders that stand for the claims. */
async function filesOf(place: Place, prefix: string): Promise<string[]> {
  const files = await readdir(join(place.folder, 'volumes'), { recursive: true });
  return files.filter((file) => file.includes(prefix));
}

type RepositoryId = 'local' | keyof Storage;
const ALL: readonly RepositoryId[] = ['local', 'primary', 'secondary'];

/** Those of `ids` of which the archive of `lineage` holds `segment` (24 hexadecimal digits). */
async function holdersOf(
  { place: at, storage, ids }: { place: Place; storage: Storage; ids: readonly RepositoryId[] },
  lineage: string,
  segment: string,
): Promise<string[]> {
  const prefix = layout('local').pgbackrest(lineage);
  const held = ids.map(async (id) => (id === 'local' ? filesOf(at, prefix) : keysOf(storage, id, prefix)));
  const keys = await Promise.all(held);
  return ids.filter((_, i) => keys[i]?.some((key) => key.includes(`/${segment}-`)));
}

/**
 * Ends the current segment and gives the repositories that it arrives in, all of them at best.
 * @param ids of the repositories that are looked at @default all
 */
export async function archived(
  { api, storage }: Pick<Cluster, 'api' | 'storage'>,
  namespace: string,
  lineage: string,
  ids = ALL,
): Promise<string[]> {
  const [row] = await sql(api, namespace, 'SELECT pg_walfile_name(pg_current_wal_lsn()) AS segment');
  await sql(api, namespace, 'SELECT pg_switch_wal()');
  return poll(
    120,
    () => holdersOf({ place: place(), storage, ids }, lineage, String(row?.segment)),
    (holders) => holders.length === ids.length,
  );
}

/** Segments of 16 MiB: the number of one, without its timeline. */
function numberOf(segment: string): number {
  return Number.parseInt(segment.slice(8, 16), 16) * 256 + Number.parseInt(segment.slice(16), 16);
}

/** Numbers between the first and the last stored segment that no timeline has. */
export async function missingSegments(storage: Storage, id: keyof Storage, lineage: string): Promise<number[]> {
  const keys = await keysOf(storage, id, layout('local').pgbackrest(lineage));
  const numbers = keys.flatMap((key) => {
    const segment = /\/([0-9A-F]{24})-[0-9a-f]{40}/.exec(key)?.[1];
    return segment === undefined ? [] : [numberOf(segment)];
  });
  const stored = new Set(numbers);
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((number) => !stored.has(number));
}
