/** Logs every access to the backups: with S3's own access logs, or with CloudTrail data events. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { BucketSpec } from '../../config/buckets.ts';
import type { Account } from '../names.ts';
import type { RepositoryBucket } from './bucket.ts';
import { logBucketPolicy } from './bucket-policy.ts';

export interface AccessLogArgs extends Account {
  readonly kind: 's3' | 'cloudtrail';
  readonly environment: string;
  readonly deployerRoleArn: string;
  readonly breakGlassRoleArn: string;
  /** How long logs are kept. */
  readonly retentionDays: number;
  readonly buckets: readonly { readonly spec: BucketSpec; readonly bucket: RepositoryBucket }[];
}

interface LogBucket {
  /** The end of its resources' names. */
  readonly id: string;
  readonly bucketName: string;
  readonly region: string;
  /** The service of AWS that writes the logs. */
  readonly service: string;
  /** What it may write logs of. */
  readonly sourceArns: readonly string[];
  /** Whether nobody may end a version of a log before its age. */
  readonly locked: boolean;
}

type LockedBucket = { readonly region: string; readonly bucket: pulumi.Input<string> };

export class AccessLog extends pulumi.ComponentResource {
  /** The policies of the buckets depend on these. */
  readonly settings: readonly pulumi.Resource[];
  readonly #name: string;
  readonly #args: AccessLogArgs;

  constructor(name: string, args: AccessLogArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:storage:AccessLog', name, {}, opts);
    this.#name = name;
    this.#args = args;
    this.settings = args.kind === 's3' ? this.#perBucket() : this.#trail();
    this.registerOutputs({});
  }

  /** One log bucket for each bucket, because S3 logs only into a bucket of the same region. */
  #perBucket(): pulumi.Resource[] {
    const { buckets, partition } = this.#args;
    return buckets.map(({ spec, bucket }) => {
      const source = `arn:${partition}:s3:::${spec.bucket}`;
      const { target, policy } = this.#logBucket({
        id: spec.id,
        bucketName: `${spec.bucket}-access`,
        region: spec.region,
        service: 'logging.s3.amazonaws.com',
        sourceArns: [source],
        // S3 refuses to log into a bucket with Object Lock: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
        locked: false,
      });
      return new aws.s3.BucketLogging(
        `${this.#name}-${spec.id}-logging`,
        { region: spec.region, bucket: bucket.bucket, targetBucket: target.bucket, targetPrefix: `${spec.id}/` },
        { parent: this, dependsOn: [policy] },
      );
    });
  }

  #trail(): pulumi.Resource[] {
    const { buckets, partition, account, environment } = this.#args;
    const [first] = buckets;
    if (first === undefined) return [];
    const { region } = first.spec;
    const trailName = `go-coffee-dr-${environment}`;
    const trailArn = `arn:${partition}:cloudtrail:${region}:${account}:trail/${trailName}`;
    const { target, policy } = this.#logBucket({
      id: 'trail',
      bucketName: `${first.spec.bucket}-trail`,
      region,
      service: 'cloudtrail.amazonaws.com',
      sourceArns: [trailArn],
      locked: true,
    });
    new aws.cloudtrail.Trail(
      `${this.#name}-trail`,
      {
        region,
        name: trailName,
        s3BucketName: target.bucket,
        isMultiRegionTrail: true,
        enableLogFileValidation: true,
        advancedEventSelectors: [
          { name: 'Management', fieldSelectors: [{ field: 'eventCategory', equals: ['Management'] }] },
          {
            name: 'Backups',
            fieldSelectors: [
              { field: 'eventCategory', equals: ['Data'] },
              { field: 'resources.type', equals: ['AWS::S3::Object'] },
              {
                field: 'resources.ARN',
                startsWiths: buckets.map(({ spec }) => `arn:${partition}:s3:::${spec.bucket}/`),
              },
            ],
          },
        ],
      },
      { parent: this, protect: true, dependsOn: [policy] },
    );
    return [];
  }

  /** For as long as logs are kept. GOVERNANCE, so that the break-glass role can remove a log that must not exist. */
  #lock(name: string, of: LockedBucket, versioning: pulumi.Resource): pulumi.Resource {
    const rule = { defaultRetention: { mode: 'GOVERNANCE', days: this.#args.retentionDays } };
    return new aws.s3.BucketObjectLockConfiguration(
      `${name}-lock`,
      { ...of, objectLockEnabled: 'Enabled', rule },
      { parent: this, protect: true, retainOnDelete: true, dependsOn: [versioning] },
    );
  }

  #logBucket({ id, bucketName, region, service, sourceArns, locked }: LogBucket) {
    const { account, partition, deployerRoleArn, breakGlassRoleArn, retentionDays } = this.#args;
    const name = `${this.#name}-${id}`;
    const kept = { parent: this, protect: true, retainOnDelete: true };
    const target = new aws.s3.Bucket(name, { region, bucket: bucketName, forceDestroy: false }, kept);
    const of = { region, bucket: target.bucket };
    const versioning = new aws.s3.BucketVersioning(
      `${name}-versioning`,
      { ...of, versioningConfiguration: { status: 'Enabled' } },
      kept,
    );
    const settings = [
      versioning,
      ...(locked ? [this.#lock(name, of, versioning)] : []),
      new aws.s3.BucketServerSideEncryptionConfiguration(
        `${name}-encryption`,
        // Log delivery supports only this algorithm.
        { ...of, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }] },
        kept,
      ),
      new aws.s3.BucketOwnershipControls(
        `${name}-ownership`,
        { ...of, rule: { objectOwnership: 'BucketOwnerEnforced' } },
        kept,
      ),
      new aws.s3.BucketPublicAccessBlock(
        `${name}-public-access`,
        { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
        kept,
      ),
      new aws.s3.BucketLifecycleConfiguration(
        `${name}-lifecycle`,
        {
          ...of,
          rules: [
            {
              id: 'logs-by-age',
              status: 'Enabled',
              filter: { prefix: '' },
              expiration: { days: retentionDays },
              noncurrentVersionExpiration: { noncurrentDays: retentionDays },
            },
          ],
        },
        kept,
      ),
    ];
    const bucketArn = `arn:${partition}:s3:::${bucketName}`;
    const document = logBucketPolicy({ bucketArn, service, account, sourceArns, deployerRoleArn, breakGlassRoleArn });
    const policy = new aws.s3.BucketPolicy(
      `${name}-policy`,
      { ...of, policy: JSON.stringify(document) },
      { ...kept, dependsOn: settings },
    );
    return { target, policy };
  }
}
