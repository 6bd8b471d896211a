import type { Plan } from '../../plan/types.ts';
import { bucketSpecs } from './buckets.ts';
import type { AwsStorage, S3CompatibleStorage, S3Endpoint } from './types.ts';

/** Where an S3 repository is, and how to reach it. */
export interface RepositoryLocation {
  readonly id: string;
  readonly kind: 'aws' | 's3-compatible';
  readonly bucket: string;
  readonly region: string;
  /** `https://host[:port]` */
  readonly endpoint: string;
  readonly uriStyle: 'path' | 'host';
  /** PEM text. @default the system's */
  readonly ca?: string | undefined;
  /** Absent where pods assume a role. */
  readonly credentials?: S3Endpoint['credentials'] | undefined;
  /** True where the credentials have an `admin`, which makes missing buckets. */
  readonly mayMakeBucket?: boolean;
}

export interface RepositoryStorageArgs {
  readonly plan: Plan;
  readonly storage: AwsStorage | S3CompatibleStorage;
}

const compatible = (
  id: string,
  { bucket, region, endpoint, ca, credentials, mayMakeBucket }: S3Endpoint,
): RepositoryLocation => ({
  id,
  kind: 's3-compatible',
  bucket,
  region,
  endpoint,
  uriStyle: 'path',
  ca,
  credentials,
  mayMakeBucket,
});

/** By repository id. Computed from the config alone, so nothing that needs a location waits for a resource. */
export function repositoryLocations({ plan, storage }: RepositoryStorageArgs): Record<string, RepositoryLocation> {
  if (storage.kind === 's3-compatible') {
    return Object.fromEntries(
      Object.entries(storage.repositories).map(([id, endpoint]) => [id, compatible(id, endpoint)]),
    );
  }
  const domain = storage.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const own = bucketSpecs(plan).map(({ id, bucket, region }): RepositoryLocation => {
    return { id, kind: 'aws', bucket, region, endpoint: `https://s3.${region}.${domain}`, uriStyle: 'host' };
  });
  const exported = plan.repositories.find(({ written }) => written.by === 'export');
  const offsite = exported && storage.offsite ? [compatible(exported.id, storage.offsite)] : [];
  return Object.fromEntries([...own, ...offsite].map((location) => [location.id, location]));
}
