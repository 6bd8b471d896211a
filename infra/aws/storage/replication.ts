/** Replicates objects that are written once, in both directions: after a failover the second region writes evidence. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { BucketSpec } from '../../config/buckets.ts';
import { replicationPolicy } from '../identity/role-policies.ts';
import { serviceTrust } from '../identity/trust-policies.ts';
import type { Account } from '../names.ts';
import type { RepositoryBucket } from './bucket.ts';
import { replicationRules } from './replication-rules.ts';

export interface ReplicatedSide {
  readonly spec: BucketSpec;
  readonly bucket: RepositoryBucket;
  readonly keyArn: pulumi.Output<string>;
}

export interface ReplicationArgs extends Account {
  readonly environment: string;
  readonly sides: readonly [ReplicatedSide, ReplicatedSide];
}

export class Replication extends pulumi.ComponentResource {
  /** The policies of the buckets depend on these. */
  readonly settings: readonly pulumi.Resource[];
  /** ARN of the role that writes into a repository's bucket, by the repository's id. */
  readonly writers: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: ReplicationArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:storage:Replication', name, {}, opts);
    const { environment, account, partition, sides } = args;
    const [first, second] = sides;
    const made = [[first, second] as const, [second, first] as const].map(([from, to]) => {
      const id = `${name}-${from.spec.id}`;
      const role = new aws.iam.Role(
        `${id}-role`,
        {
          description: `Replication of ${from.spec.bucket} to ${to.spec.bucket}`,
          assumeRolePolicy: JSON.stringify(serviceTrust('s3.amazonaws.com')),
        },
        { parent: this },
      );
      const policy = new aws.iam.RolePolicy(
        `${id}-policy`,
        {
          role: role.name,
          policy: JSON.stringify(replicationPolicy({ account, partition, environment, from: from.spec, to: to.spec })),
        },
        { parent: this },
      );
      const rules = replicationRules<pulumi.Output<string>>(environment, { bucket: to.bucket.arn, key: to.keyArn });
      const config = new aws.s3.BucketReplicationConfig(
        id,
        { region: from.spec.region, bucket: from.bucket.bucket, role: role.arn, rules },
        {
          parent: this,
          protect: true,
          dependsOn: [policy, ...from.bucket.settings, ...to.bucket.settings],
        },
      );
      return { config, to: to.spec.id, arn: role.arn };
    });
    this.settings = made.map(({ config }) => config);
    this.writers = Object.fromEntries(made.map(({ to, arn }) => [to, arn]));
    this.registerOutputs({});
  }
}
