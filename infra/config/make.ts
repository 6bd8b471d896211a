/** Makes a `StackConfig` of the parsed keys. Secrets become Pulumi secrets here. */
import * as pulumi from '@pulumi/pulumi';
import { namespacesOf } from '../../plan/declared/namespaces.ts';
import type { Plan } from '../../plan/types.ts';
import { channelPorts, incidentChannels } from './channels.ts';
import type { Plain, Secret } from './schema.ts';
import type { RecoverySettings, S3Endpoint, SecretSource, StackConfig } from './types.ts';
import { claimOf, type PlatformVolume } from './volumes/schema.ts';

type Storage = NonNullable<Plain['storage']>;

const ALERT_TARGETS = ['slackWebhook', 'pagerdutyUrl', 'pingUrl'] as const;
const DEFAULT_REGION = 'us-east-1';

function endpointOf(id: string, storage: Storage, secret: Secret, plan: Plan): S3Endpoint | undefined {
  const location = storage.kind === 'aws' ? storage.offsite : storage.repositories[id];
  const repository = plan.repositories.find((candidate) => candidate.id === id);
  const credentials = secret.s3Credentials?.[id];
  if (location === undefined || repository === undefined || credentials === undefined) return undefined;
  const { endpoint, ca } = location;
  return {
    endpoint: endpoint.replace(/\/$/, ''),
    // Most compatible servers ignore the region, but the signature needs one.
    region: repository.region ?? DEFAULT_REGION,
    bucket: repository.location,
    ca,
    credentials: pulumi.secret(credentials),
    mayMakeBucket: credentials.admin !== undefined,
  };
}

function storageOf(storage: Storage, secret: Secret, plan: Plan): StackConfig['storage'] {
  if (storage.kind === 's3-compatible') {
    const ids = Object.keys(storage.repositories);
    const endpoints = ids.map((id) => [id, endpointOf(id, storage, secret, plan)] as const);
    const known = endpoints.filter((entry): entry is readonly [string, S3Endpoint] => entry[1] !== undefined);
    return { kind: 's3-compatible', repositories: Object.fromEntries(known), detached: storage.detached };
  }
  const { manage, deployerRoleArn, breakGlassPrincipals, accessLogs, budgetGiB } = storage;
  const [, partition = 'aws', , , account = ''] = deployerRoleArn.split(':');
  const exported = plan.repositories.find(({ written }) => written.by === 'export');
  const offsite = exported === undefined ? undefined : endpointOf(exported.id, storage, secret, plan);
  return {
    kind: 'aws',
    manage,
    account,
    partition,
    deployerRoleArn,
    breakGlassPrincipals,
    accessLogs,
    budgetGiB,
    offsite,
    detached: storage.detached,
  };
}

function secretsOf({ secrets }: Plain, { secretValues }: Secret): SecretSource {
  if (secrets?.from === 'secrets-manager') return { from: 'secrets-manager', region: secrets.region };
  if (secrets?.from === 'config' && secretValues !== undefined) {
    return { from: 'config', values: pulumi.secret(secretValues) };
  }
  return { from: 'generated' };
}

function present<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw new TypeError(`${key} was not checked`);
  return value;
}

/** One key with two names: rules.ts has refused a config in which they differ. */
function recoveryOf({ pin, ...settings }: NonNullable<Plain['recovery']>): RecoverySettings {
  return { ...settings, resolved: settings.resolved ?? pin };
}

/** A drill reaches no server but its own. */
function externalOf({ external, recovery }: Plain, secret: Secret): StackConfig['external'] {
  if (recovery?.isolated === true) return { passwords: {} };
  return { ...external, passwords: passwordsOf(secret) };
}

function passwordsOf({ externalPasswords = {} }: Secret): StackConfig['external']['passwords'] {
  const { postgres, redis } = externalPasswords;
  return {
    ...(postgres === undefined ? {} : { postgres: pulumi.secret(postgres) }),
    ...(redis === undefined ? {} : { redis: pulumi.secret(redis) }),
  };
}

/** Nobody is told of what happens in a drill. */
function incidentOf({ recovery }: Plain, { incident }: Secret): StackConfig['incident'] {
  if (incident === undefined || recovery?.isolated === true) return undefined;
  const { section, files } = incidentChannels(incident);
  return { section, files: pulumi.secret(files), ports: channelPorts({ section }) };
}

export interface CheckedConfig {
  readonly stack: string;
  readonly plain: Plain;
  readonly secret: Secret;
  /** With the stack's overrides. */
  readonly plan: Plan;
  readonly planDigest: string;
  readonly volumes: readonly PlatformVolume[];
}

const withContent = (volumes: readonly PlatformVolume[]): Record<string, string> =>
  Object.fromEntries(volumes.map((volume) => [claimOf(volume), volume.id]));

export function makeStackConfig({ stack, plain, secret, plan, planDigest, volumes }: CheckedConfig): StackConfig {
  const { oidcProvider, alertTargets } = { ...plain, ...secret };
  const cluster = present(plain.cluster, 'cluster');
  return {
    stack,
    role: present(plain.role, 'role'),
    environment: plan.environment,
    site: present(plain.site, 'site'),
    generation: plain.generation ?? 1,
    plan,
    planDigest,
    storage: storageOf(present(plain.storage, 'storage'), secret, plan),
    cluster: {
      kubeconfig: cluster.kubeconfig ?? pulumi.secret(present(secret.kubeconfig, 'kubeconfig')),
      context: cluster.context,
    },
    namespaces: namespacesOf(present(plain.namespaces, 'namespaces')),
    oidcProvider: oidcProvider && { arn: oidcProvider.arn, url: oidcProvider.arn.split(':oidc-provider/')[1] ?? '' },
    storageClasses: plain.storageClasses ?? {},
    images: present(plain.images, 'images'),
    postgres: present(plain.postgres, 'postgres'),
    redis: present(plain.redis, 'redis'),
    redisClientPassword:
      secret.redisClientPassword === undefined ? undefined : pulumi.secret(secret.redisClientPassword),
    backups: present(plain.backups, 'backups'),
    folders: plain.folders ?? {},
    platformVolumes: volumes,
    git:
      plain.git && Object.keys(plain.git.repositories).length > 0
        ? {
            repositories: plain.git.repositories,
            credentials: secret.gitCredentials === undefined ? undefined : pulumi.secret(secret.gitCredentials),
          }
        : undefined,
    clusterKinds: plain.capture?.clusterKinds ?? [],
    claims: { ...withContent(volumes), ...plain.capture?.claims },
    hooks: plain.capture?.hooks ?? {},
    external: externalOf(plain, secret),
    network: present(plain.network, 'network'),
    monitoring: present(plain.monitoring, 'monitoring'),
    quotas: present(plain.quotas, 'quotas'),
    secrets: secretsOf(plain, secret),
    standby: plain.standby,
    inPlace: plain.inPlace,
    recovery: plain.recovery && recoveryOf(plain.recovery),
    traffic: plain.traffic,
    registry: plain.registry,
    incident: incidentOf(plain, secret),
    notifications: {
      email: plain.notifications?.email ?? [],
      slack: plain.notifications?.slack,
      targets: alertTargets && pulumi.secret(alertTargets),
      targetNames: ALERT_TARGETS.filter((name) => alertTargets?.[name] !== undefined),
    },
  };
}
