/** What a rebuild knows besides the stacks: where the repositories are and what opens them. From an escrow file, or from dr.yaml. */
import type { Plan } from '../../plan/types.ts';
import type { S3Keys } from '../storage/s3/keys.ts';

export interface BucketMaterial {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly uriStyle: 'path' | 'host';
  /** PEM text. */
  readonly ca?: string | undefined;
  /** `web-identity`: a role of the pods, which only an aws storage has. */
  readonly writer: S3Keys | 'web-identity';
  readonly restorer: S3Keys | 'web-identity';
  readonly admin?: S3Keys | undefined;
}

export interface RepositoryMaterial {
  readonly id: string;
  readonly passphrase?: string | undefined;
  /** Absent for a folder. */
  readonly s3?: BucketMaterial | undefined;
}

export interface Material {
  /** For people: `escrow file /root/x.age`. */
  readonly describe: string;
  readonly plan: Plan;
  readonly environment: string;
  readonly site: string;
  readonly signingKey: { readonly name: string; readonly secret: string };
  readonly repositories: readonly RepositoryMaterial[];
  /** What is absent, a rebuild makes anew. */
  readonly storePasswords: Readonly<Partial<Record<'superuser' | 'replication' | 'application' | 'redis', string>>>;
}
