/** A bucket of a plan's region on a server of the test's own, with versions and Object Lock, and the two roles' stores. */
import { join } from 'node:path';
import { type S3Region, startS3Region } from '../../../../drill/s3/region.ts';
import type { StoreRole } from '../../../../recovery/storage/backends.ts';
import type { S3RepositorySettings } from '../../../../recovery/storage/s3/settings.ts';
import { openS3Store } from '../../../../recovery/storage/s3/store.ts';
import type { VersionedStore } from '../../../../recovery/storage/versioned-store.ts';
import { makeScratch } from '../../../scratch.ts';

const REGIONS = {
  primary: { region: 'us-east-1', bucket: 'go-coffee-backups' },
  secondary: { region: 'eu-west-1', bucket: 'go-coffee-backups-eu-west-1' },
} as const;

/** A name of a bucket is taken all over the world: the other one's is in its own region. */
function elsewhereOf(name: keyof typeof REGIONS): Record<string, string> {
  const { region, bucket } = REGIONS[name === 'primary' ? 'secondary' : 'primary'];
  return { [bucket]: region };
}

export interface TestBucket extends AsyncDisposable {
  /** For whatever else the test needs; it goes with the bucket. */
  readonly folder: string;
  readonly region: S3Region;
  readonly settings: S3RepositorySettings;
  readonly stores: Readonly<Record<StoreRole, VersionedStore>>;
}

export async function startBucket(name: keyof typeof REGIONS = 'primary'): Promise<TestBucket> {
  const { folder, remove } = await makeScratch();
  const region = await startS3Region({
    ...REGIONS[name],
    folder: join(folder, 's3'),
    name,
    environment: 'production',
    lockDays: 1,
    elsewhere: elsewhereOf(name),
  });
  const settings = region.settings([{ name: 'p', from: { env: 'X' } }]);
  const storeOf = async (role: StoreRole) => openS3Store({ settings, credentials: await region.keys(role) });
  return {
    folder,
    region,
    settings,
    stores: { writer: await storeOf('writer'), restorer: await storeOf('restorer') },
    async [Symbol.asyncDispose]() {
      await region.destroy();
      await remove();
    },
  };
}
