/** Passphrases, keys and passwords: generated here, set in the config, or read from the stack that generated them. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import { FIRST_KEY } from '../plan/layout.ts';
import type { Plan } from '../plan/types.ts';
import { secretName } from './aws/names.ts';
import type { AccessKey, ClusterSecrets } from './cluster/keys.ts';
import type { AccessRole } from './cluster/paths.ts';
import { repositoryLocations } from './config/locations.ts';
import { parseStored, placeholderSecrets } from './config/stored-secrets.ts';
import type { SecretSource, SecretValues, StackConfig } from './config/types.ts';

export interface RecoverySecretsArgs {
  readonly plan: Plan;
  readonly source: SecretSource;
  readonly storage: StackConfig['storage'];
  /** Needed with `secrets-manager`. */
  readonly provider?: aws.Provider | undefined;
  /** PostgreSQL and Redis get the new passwords that the plan asks for. Passphrases of repositories stay. @default false */
  readonly rotate?: boolean | undefined;
}

/**
 * Set for the preview of a pull request, whose role may not read the secret (aws/account/preview-policy.ts).
 * Throws RunError outside of a preview: an `up` would write the placeholders.
 */
function hasPlaceholders(): boolean {
  if ((process.env.DR_PREVIEW ?? '') === '') return false;
  if (pulumi.runtime.isDryRun()) return true;
  throw new pulumi.RunError(
    'DR_PREVIEW is set, and this is not a preview: it would write placeholders instead of secrets\nhint: unset DR_PREVIEW',
  );
}

/** Letters and digits only, because the value passes through URLs, configuration files and shells. 48 of them are 285 bits. */
const LENGTH = 48;

export class RecoverySecrets extends pulumi.ComponentResource {
  /** A Pulumi secret as a whole. */
  readonly values: pulumi.Output<SecretValues>;
  /** Values of the source, which are known in a preview too. Whatever reads a repository uses these. */
  readonly given: pulumi.Output<SecretValues>;
  readonly cluster: ClusterSecrets;

  constructor(name: string, args: RecoverySecretsArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:secrets:RecoverySecrets', name, {}, opts);
    this.given = pulumi.secret(this.#from(name, args));
    const rotates = args.rotate === true && args.source.from !== 'generated';
    this.values = rotates ? pulumi.secret(this.#rotate(name, args.plan)) : this.given;
    this.cluster = this.#forCluster(args);
    this.registerOutputs({});
  }

  #from(name: string, { plan, source, provider }: RecoverySecretsArgs): pulumi.Output<SecretValues> {
    const repositories = plan.repositories.map(({ id }) => id);
    switch (source.from) {
      case 'generated':
        return this.#generate(name, repositories);
      case 'config':
        return source.values;
      case 'secrets-manager': {
        if (provider === undefined) throw new TypeError('secrets of the Secrets Manager need a provider of aws');
        const { region } = source;
        if (hasPlaceholders()) return pulumi.output(placeholderSecrets(repositories));
        const secretId = secretName(plan.environment);
        // The replica in this stack's own region, which is readable while the first region is gone.
        const found = aws.secretsmanager.getSecretVersionOutput({ secretId, region }, { parent: this, provider });
        return found.secretString.apply((text) => parseStored(text, `${secretId} in ${region}`, repositories));
      }
    }
  }

  /** Protected: without its passphrase a repository can't be read. */
  #made(name: string, what: string): pulumi.Output<string> {
    const kept = { parent: this, protect: true };
    return new random.RandomPassword(`${name}-${what}`, { length: LENGTH, special: false }, kept).result;
  }

  #rotate(name: string, { rotation: { stores } }: Plan): pulumi.Output<SecretValues> {
    const fresh = stores.map((store) => [store, this.#made(name, store)] as const);
    return pulumi.all([this.given, pulumi.output(Object.fromEntries(fresh))]).apply(([given, made]) => ({
      ...given,
      postgres: {
        superuser: made['postgres-superuser'] ?? given.postgres.superuser,
        replication: made['postgres-replication'] ?? given.postgres.replication,
        application: made['postgres-application'] ?? given.postgres.application,
      },
      redis: made.redis ?? given.redis,
    }));
  }

  #generate(name: string, repositories: readonly string[]): pulumi.Output<SecretValues> {
    const made = (what: string): pulumi.Output<string> => this.#made(name, what);
    return pulumi.output({
      passphrases: Object.fromEntries(repositories.map((id) => [id, made(`passphrase-${id}`)])),
      signingKey: made('signing-key'),
      postgres: {
        superuser: made('postgres-superuser'),
        replication: made('postgres-replication'),
        application: made('postgres-application'),
      },
      redis: made('redis'),
    });
  }

  #forCluster({ plan, storage }: RecoverySecretsArgs): ClusterSecrets {
    const value = (of: (values: SecretValues) => string | undefined): pulumi.Output<string> =>
      this.values.apply((values) => of(values) ?? '');
    const passphrases = plan.repositories.map(
      ({ id }) => [id, { name: FIRST_KEY, value: value(({ passphrases: all }) => all[id]) }] as const,
    );
    return {
      signingKey: { name: FIRST_KEY, value: value(({ signingKey }) => signingKey) },
      passphrases: Object.fromEntries(passphrases),
      access: accessKeys({ plan, storage }),
      postgres: {
        superuser: value(({ postgres }) => postgres.superuser),
        replication: value(({ postgres }) => postgres.replication),
        application: value(({ postgres }) => postgres.application),
      },
      redis: value(({ redis }) => redis),
    };
  }
}

/** Keys of S3-compatible repositories. In AWS, pods assume roles. */
function accessKeys(args: Pick<RecoverySecretsArgs, 'plan' | 'storage'>): ClusterSecrets['access'] {
  return Object.fromEntries(
    Object.values(repositoryLocations(args)).flatMap(({ id, credentials, mayMakeBucket }) => {
      if (credentials === undefined) return [];
      const pair = (role: AccessRole): AccessKey => ({
        accessKeyId: credentials.apply((all) => all[role]?.accessKeyId ?? ''),
        secretAccessKey: credentials.apply((all) => all[role]?.secretAccessKey ?? ''),
      });
      const admin = mayMakeBucket ? { admin: pair('admin') } : {};
      return [[id, { writer: pair('writer'), restorer: pair('restorer'), ...admin }] as const];
    }),
  );
}
