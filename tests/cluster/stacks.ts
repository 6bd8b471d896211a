/** The stacks for this cluster: as shipped, with what is this cluster's own. */
import { type KubernetesObject, kubernetesObjects } from '../infra/manifests-of.ts';
import { realKeys } from '../infra/real-keys.ts';
import { record, shippedConfig } from '../infra/recording.ts';
import { place } from './place.ts';
import { type Storage, storageConfig } from './storage.ts';

type Json = Readonly<Record<string, unknown>>;

export interface ClusterStack {
  readonly stack: string;
  /** The stack whose shipped file it begins with. @default its own */
  readonly like?: string;
  /** Instead of what the stack's file says; keys that are not here stay. */
  readonly plain: Json;
  readonly secret: Json;
}

/** With real keys, and nothing made. */
export async function declared({ stack, plain, secret }: ClusterStack): Promise<readonly KubernetesObject[]> {
  return kubernetesObjects(await record(stack, { ...plain, ...secret }, { generate: realKeys(new Map()) }));
}

const clusterConfig = () => ({ kubeconfig: place().kubeconfig, context: 'local' });

export async function localStack(storage: Storage): Promise<ClusterStack> {
  const { s3Credentials, ...plain } = await storageConfig(storage);
  const { postgres } = await shippedConfig('local');
  // The standby has none: it restores sets of a server that has.
  const own = { postgres: { ...(postgres as object), walStorage: { size: '2Gi' } } };
  return { stack: 'local', plain: { ...plain, ...own, cluster: clusterConfig() }, secret: { s3Credentials } };
}

/** Namespaces of the standby: the same cluster has to do for both sites. */
export const STANDBY = { platform: 'go-coffee-standby', recovery: 'go-coffee-dr-standby' } as const;

/** What only a cluster in AWS has, and claims and servers that nobody has made here; an empty value is none. */
const NOT_HERE = {
  oidcProvider: {},
  traffic: {},
  registry: {},
  monitoring: {},
  storageClasses: {},
  folders: {},
  git: { repositories: {} },
};

/**
 * The shipped stack `dr`, on S3-compatible storage and beside `local`, whose outputs it is given; with the services of the newest capture.
 */
export async function standbyStack(storage: Storage, local: Json): Promise<ClusterStack> {
  const { generation, secrets: secretValues } = local;
  const { images, postgres, redis, backups } = await shippedConfig('local');
  const { s3Credentials, ...places } = await storageConfig(storage);
  return {
    stack: 'dr',
    plain: {
      ...NOT_HERE,
      images,
      postgres,
      redis,
      backups,
      ...places,
      environment: 'local',
      cluster: clusterConfig(),
      namespaces: STANDBY,
      standby: { of: { site: 'local', generation }, repository: 'secondary', services: true },
      secrets: { from: 'config' },
    },
    secret: { s3Credentials, secretValues },
  };
}

/** The shipped stack `local` with one member, beside a platform that is there. */
export async function stackBeside(
  storage: Storage,
  existing: readonly string[],
  recovery: string,
  volumes: Json = {},
): Promise<ClusterStack> {
  const { postgres } = await shippedConfig('local');
  const { plain, secret } = await localStack(storage);
  const own = { environment: recovery, site: recovery, namespaces: { platform: { existing }, recovery } };
  const single = { ...(postgres as object), instances: 1 };
  return { stack: recovery, like: 'local', plain: { ...plain, ...own, volumes, postgres: single }, secret };
}

/** The shipped stack `local` beside stores that stay where they are, by their names in the key `external`. */
export async function stackOfExternal(
  storage: Storage,
  stack: string,
  external: Json,
  externalPasswords: Readonly<Record<string, string>>,
): Promise<ClusterStack> {
  const { plain, secret } = await localStack(storage);
  const own = { environment: stack, site: stack, namespaces: { platform: `${stack}-platform`, recovery: stack } };
  return {
    stack,
    like: 'local',
    plain: { ...plain, ...own, external },
    secret: { ...secret, externalPasswords },
  };
}

/** As for AWS, in namespaces of their own. */
export function shippedStack(stack: 'production' | 'dr', name: string, config: Json): ClusterStack {
  return { stack, plain: { namespaces: { platform: name, recovery: `${name}-dr` }, ...config }, secret: {} };
}
