/** The storage of the repositories: buckets of this stack, buckets that another stack owns, or S3-compatible endpoints. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { Plan } from '../../../plan/types.ts';
import { bucketSpecs, days } from '../../config/buckets.ts';
import { type RepositoryLocation, type RepositoryStorageArgs, repositoryLocations } from '../../config/locations.ts';
import type { AwsStorage } from '../../config/types.ts';
import { breakGlassRoleArn } from '../names.ts';
import type { AlarmTopic } from '../topic.ts';
import { AccessLog } from './access-log.ts';
import { RepositoryBucket } from './bucket.ts';
import { bucketPolicy } from './bucket-policy.ts';
import { EncryptionKeys } from './keys.ts';
import { Replication } from './replication.ts';

export interface DeclaredStorageArgs extends RepositoryStorageArgs {
  /** Topics that receive events about failed copies, by region. */
  readonly topics: Readonly<Record<string, AlarmTopic>>;
}

export class RepositoryStorage extends pulumi.ComponentResource {
  readonly places: Readonly<Record<string, RepositoryLocation>>;
  /** Region → ARN of the buckets' key. Empty where this stack declares no bucket. */
  readonly keyArns: Readonly<Record<string, pulumi.Output<string>>>;
  /** The policies of the buckets, which come after all other settings. Empty where this stack declares no bucket. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: DeclaredStorageArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:storage:RepositoryStorage', name, {}, opts);
    const { plan, storage, topics } = args;
    this.places = repositoryLocations(args);
    const made =
      storage.kind === 'aws' && storage.manage === 'declared' ? this.#declare(name, plan, storage, topics) : undefined;
    this.keyArns = made?.keyArns ?? {};
    this.ready = made?.ready ?? [];
    this.registerOutputs({ keyArns: this.keyArns });
  }

  #declare(name: string, plan: Plan, storage: AwsStorage, topics: DeclaredStorageArgs['topics']) {
    const { environment } = plan;
    const { account, partition, deployerRoleArn, accessLogs } = storage;
    const child = { parent: this };
    const guards = { deployerRoleArn, breakGlassRoleArn: breakGlassRoleArn(storage, environment) };
    const specs = bucketSpecs(plan);
    const [home, ...others] = [...new Set(specs.map(({ region }) => region))];
    if (home === undefined) throw new RangeError('the plan has no S3 repository that engines write');
    const keys = new EncryptionKeys(
      `${name}-key`,
      { environment, account, partition, ...guards, regions: [home, ...others] },
      child,
    );
    const keyIn = (region: string) => keys.arns[region] as pulumi.Output<string>;
    const sides = specs.map((spec) => {
      const keyArn = keyIn(spec.region);
      const args = { spec, environment, keyArn, topic: topics[spec.region] };
      return { spec, keyArn, bucket: new RepositoryBucket(`${name}-${spec.id}`, args, child) };
    });
    const [first, second] = sides;
    const replication =
      first && second
        ? new Replication(`${name}-replication`, { environment, account, partition, sides: [first, second] }, child)
        : undefined;
    const retentionDays = Math.max(...plan.repositories.map(({ retention }) => days(retention)));
    const log =
      accessLogs === 'none'
        ? undefined
        : new AccessLog(
            `${name}-log`,
            { kind: accessLogs, environment, account, partition, ...guards, retentionDays, buckets: sides },
            child,
          );
    const ready = sides.map(({ spec, keyArn, bucket }) => {
      const bucketArn = `arn:${partition}:s3:::${spec.bucket}`;
      const policy = pulumi
        .all([keyArn, replication?.writers[spec.id]])
        .apply(([key, replicationRoleArn]) =>
          JSON.stringify(bucketPolicy({ bucketArn, keyArn: key, replicationRoleArn, ...guards })),
        );
      // The policy comes last: after it only the deployer can change the other settings.
      const before = [...bucket.settings, ...(replication?.settings ?? []), ...(log?.settings ?? [])];
      return new aws.s3.BucketPolicy(
        `${name}-${spec.id}-policy`,
        { region: spec.region, bucket: bucket.bucket, policy },
        { ...child, protect: true, retainOnDelete: true, dependsOn: before },
      );
    });
    return { keyArns: keys.arns, ready };
  }
}
