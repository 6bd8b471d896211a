/** Two S3 servers with versions, Object Lock and users, at names that pods can look up. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type S3Region, startS3Region } from '../../drill/s3/region.ts';
import { shippedConfig } from '../infra/recording.ts';
import { type Place, S3_HOSTS, S3_PORT } from './place.ts';

type S3Id = keyof typeof S3_HOSTS;
export type Storage = Readonly<Record<S3Id, S3Region>>;

interface Shipped {
  readonly kind: 's3-compatible';
  readonly repositories: Readonly<
    Record<S3Id, { readonly endpoint: string; readonly region: string; readonly bucket: string }>
  >;
}

async function shippedStorage(): Promise<Shipped> {
  return (await shippedConfig('local')).storage as Shipped;
}

const S3_IDS = Object.keys(S3_HOSTS) as readonly S3Id[];

export async function startStorage(place: Place): Promise<Storage> {
  const { repositories } = await shippedStorage();
  const regions = S3_IDS.map(async (id) => {
    const { region, bucket } = repositories[id];
    const started = await startS3Region({
      folder: join(place.folder, 's3', id),
      name: id,
      region,
      bucket,
      lockDays: 1,
      portHint: S3_PORT,
      host: S3_HOSTS[id],
      pids: place.pids,
    });
    // The stack's config names the port.
    if (new URL(started.endpoint).port !== String(S3_PORT)) throw new Error(`port ${S3_PORT} of ${id} is taken`);
    return [id, started] as const;
  });
  return Object.fromEntries(await Promise.all(regions)) as unknown as Storage;
}

/** Config of a stack that uses them: as shipped, with the authorities and keys of these servers. */
export async function storageConfig(storage: Storage): Promise<{ storage: unknown; s3Credentials: unknown }> {
  const { kind, repositories } = await shippedStorage();
  const places = S3_IDS.map(async (id) => {
    const ca = await readFile(storage[id].ca, 'utf8');
    return [id, { ...repositories[id], ca }] as const;
  });
  const keys = S3_IDS.map(async (id) => {
    const region = storage[id];
    return [id, { writer: await region.keys('writer'), restorer: await region.keys('restorer') }] as const;
  });
  return {
    storage: { kind, repositories: Object.fromEntries(await Promise.all(places)) },
    s3Credentials: Object.fromEntries(await Promise.all(keys)),
  };
}
