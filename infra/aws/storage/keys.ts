/** The key of the buckets: one multi-Region key, so that the second region can read the objects of a lost first region. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { keyAlias } from '../names.ts';
import { type KeyPolicyFacts, keyPolicy } from './key-policy.ts';

export interface EncryptionKeysArgs extends KeyPolicyFacts {
  readonly environment: string;
  /** The first is the key's own region, the others are those of its replicas. */
  readonly regions: readonly [string, ...string[]];
}

/** The longest window that KMS offers: people have a month to see the alarm and cancel the deletion. */
const DELETION_WINDOW_DAYS = 30;

export class EncryptionKeys extends pulumi.ComponentResource {
  /** ARN by region. */
  readonly arns: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: EncryptionKeysArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:storage:EncryptionKeys', name, {}, opts);
    const { environment, regions } = args;
    const [home, ...others] = regions;
    const policy = JSON.stringify(keyPolicy(args));
    const kept = { parent: this, protect: true, retainOnDelete: true };
    const key = new aws.kms.Key(
      `${name}-${home}`,
      {
        region: home,
        description: `Backups of go-coffee ${environment}`,
        multiRegion: true,
        enableKeyRotation: true,
        deletionWindowInDays: DELETION_WINDOW_DAYS,
        policy,
      },
      kept,
    );
    const replicas = others.map((region) => {
      const replica = new aws.kms.ReplicaKey(
        `${name}-${region}`,
        {
          region,
          description: `Backups of go-coffee ${environment}`,
          primaryKeyArn: key.arn,
          deletionWindowInDays: DELETION_WINDOW_DAYS,
          policy,
        },
        kept,
      );
      return [region, replica] as const;
    });
    for (const [region, { keyId }] of [[home, key] as const, ...replicas]) {
      new aws.kms.Alias(`${name}-${region}-alias`, { region, name: keyAlias(environment), targetKeyId: keyId }, kept);
    }
    this.arns = Object.fromEntries([[home, key.arn], ...replicas.map(([region, { arn }]) => [region, arn])]);
    this.registerOutputs({ arns: this.arns });
  }
}
