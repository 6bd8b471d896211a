/** The secrets of the repositories, in a store that the second region can read without the first. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { renderStored } from '../config/stored-secrets.ts';
import type { SecretValues } from '../config/types.ts';
import { secretName } from './names.ts';
import { type SecretPolicyFacts, secretPolicy } from './secret-policy.ts';

export interface SecretStoreArgs extends SecretPolicyFacts {
  readonly environment: string;
  /** The first is the secret's own region, the others are those of its replicas. */
  readonly regions: readonly [string, ...string[]];
  /** ARN of the key by region. */
  readonly keyArns: Readonly<Record<string, pulumi.Input<string>>>;
  /** A Pulumi secret. */
  readonly values: pulumi.Output<SecretValues>;
}

/** The longest window that AWS offers: people have a month to see the alarm and cancel the deletion. */
const RECOVERY_DAYS = 30;

export class SecretStore extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: SecretStoreArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:aws:SecretStore', name, {}, opts);
    const { environment, regions, keyArns, values } = args;
    const [home, ...others] = regions;
    const kept = { parent: this, protect: true, retainOnDelete: true };
    const keyIn = (region: string): pulumi.Input<string> => {
      const key = keyArns[region];
      if (key === undefined) throw new RangeError(`no key in ${region}`);
      return key;
    };
    const secret = new aws.secretsmanager.Secret(
      name,
      {
        region: home,
        name: secretName(environment),
        description: `Passphrases of the repositories and passwords of go-coffee ${environment}`,
        kmsKeyId: keyIn(home),
        recoveryWindowInDays: RECOVERY_DAYS,
        replicas: others.map((region) => ({ region, kmsKeyId: keyIn(region) })),
        // A secret of that name in the other region belongs to somebody else: it must not be overwritten.
        forceOverwriteReplicaSecret: false,
      },
      kept,
    );
    const of = { region: home, secretArn: secret.arn };
    const policy = new aws.secretsmanager.SecretPolicy(
      `${name}-policy`,
      { ...of, policy: JSON.stringify(secretPolicy(args)), blockPublicPolicy: true },
      kept,
    );
    new aws.secretsmanager.SecretVersion(
      `${name}-version`,
      { region: home, secretId: secret.id, secretString: pulumi.secret(values.apply(renderStored)) },
      // Another value is another version, and the engine replaces nothing that is protected. The one before it stays, as AWSPREVIOUS.
      // The policy must exist before the secret holds a value.
      { parent: this, retainOnDelete: true, dependsOn: [policy] },
    );
    this.arn = secret.arn;
    this.registerOutputs({ arn: this.arn });
  }
}
