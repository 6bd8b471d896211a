/** Where a WAL segment has arrived, looked up in the storage itself. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { layout } from '../../plan/layout.ts';
import type { Place } from './place.ts';
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

/** Repositories of which the archive of `lineage` holds `segment` (24 hexadecimal digits). */
export async function holdersOf(place: Place, storage: Storage, lineage: string, segment: string): Promise<string[]> {
  const prefix = layout('local').pgbackrest(lineage);
  const [local, primary, secondary] = await Promise.all([
    filesOf(place, prefix),
    keysOf(storage, 'primary', prefix),
    keysOf(storage, 'secondary', prefix),
  ]);
  return Object.entries({ local, primary, secondary })
    .filter(([, keys]) => keys.some((key) => key.includes(`/${segment}-`)))
    .map(([id]) => id);
}
