/** One S3 repository: its objects stay for their retention, and only two named roles can change that. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { BucketSpec } from '../../config/buckets.ts';
import type { AlarmTopic } from '../topic.ts';
import { lifecycleRules } from './lifecycle.ts';

export interface RepositoryBucketArgs {
  readonly spec: BucketSpec;
  readonly environment: string;
  /** ARN of the key in the bucket's region. */
  readonly keyArn: pulumi.Input<string>;
  /** Receives events about failed and late copies. In the bucket's region. */
  readonly topic?: AlarmTopic | undefined;
}

const REPLICATION_EVENTS = ['s3:Replication:OperationFailedReplication', 's3:Replication:OperationMissedThreshold'];

export class RepositoryBucket extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** Replication needs versioning on both sides. */
  readonly versioning: aws.s3.BucketVersioning;
  /** The bucket's policy depends on these: after it only the deployer can change settings. */
  readonly settings: readonly pulumi.Resource[];

  constructor(name: string, args: RepositoryBucketArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:storage:RepositoryBucket', name, {}, opts);
    const { spec, environment, keyArn, topic } = args;
    const { region } = spec;
    const kept = { parent: this, protect: true, retainOnDelete: true };
    const bucket = new aws.s3.Bucket(
      name,
      { region, bucket: spec.bucket, objectLockEnabled: true, forceDestroy: false },
      // The provider also reads settings of separate resources back into the bucket.
      { ...kept, ignoreChanges: ['serverSideEncryptionConfiguration', 'lifecycleRules', 'replicationConfiguration'] },
    );
    const of = { region, bucket: bucket.bucket };
    this.versioning = new aws.s3.BucketVersioning(
      `${name}-versioning`,
      { ...of, versioningConfiguration: { status: 'Enabled' } },
      kept,
    );
    const lock = new aws.s3.BucketObjectLockConfiguration(
      `${name}-lock`,
      {
        ...of,
        objectLockEnabled: 'Enabled',
        rule: { defaultRetention: { mode: spec.lock.mode, days: spec.lock.days } },
      },
      { ...kept, dependsOn: [this.versioning] },
    );
    const encryption = new aws.s3.BucketServerSideEncryptionConfiguration(
      `${name}-encryption`,
      {
        ...of,
        rules: [
          {
            applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: keyArn },
            // One call to KMS serves many objects: a WAL segment arrives every minute.
            bucketKeyEnabled: true,
            blockedEncryptionTypes: ['SSE-C'],
          },
        ],
      },
      kept,
    );
    const ownership = new aws.s3.BucketOwnershipControls(
      `${name}-ownership`,
      { ...of, rule: { objectOwnership: 'BucketOwnerEnforced' } },
      kept,
    );
    const access = new aws.s3.BucketPublicAccessBlock(
      `${name}-public-access`,
      { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      kept,
    );
    const lifecycle = new aws.s3.BucketLifecycleConfiguration(
      `${name}-lifecycle`,
      {
        ...of,
        transitionDefaultMinimumObjectSize: 'all_storage_classes_128K',
        rules: lifecycleRules(spec, environment),
      },
      { ...kept, dependsOn: [this.versioning] },
    );
    const notification = new aws.s3.BucketNotification(
      `${name}-notification`,
      {
        ...of,
        // The dead man's switches need these events.
        eventbridge: true,
        topics: topic === undefined ? [] : [{ id: 'replication', topicArn: topic.arn, events: REPLICATION_EVENTS }],
      },
      // S3 sends a test message to the topic before it accepts the setting.
      { ...kept, dependsOn: topic === undefined ? [] : [topic.policy] },
    );
    this.bucket = bucket.bucket;
    this.arn = bucket.arn;
    this.settings = [this.versioning, lock, encryption, ownership, access, lifecycle, notification];
    this.registerOutputs({ bucket: this.bucket, arn: this.arn });
  }
}
