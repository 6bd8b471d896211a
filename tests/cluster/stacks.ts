/** What the stacks declare for this cluster, with real keys. */
import { type KubernetesObject, kubernetesObjects } from '../infra/manifests-of.ts';
import { realKeys } from '../infra/real-keys.ts';
import { record, shippedConfig } from '../infra/recording.ts';
import { type Place, place } from './place.ts';
import { type Storage, storageConfig } from './storage.ts';

export interface Declared {
  readonly objects: readonly KubernetesObject[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** As a stack's state keeps them from one run to the next. */
const kept = new Map<string, Map<string, Readonly<Record<string, unknown>>>>();

async function declare(stack: string, config: Readonly<Record<string, unknown>>): Promise<Declared> {
  const keys = kept.get(stack) ?? new Map();
  kept.set(stack, keys);
  const recording = await record(stack, config, { generate: realKeys(keys) });
  return { objects: kubernetesObjects(recording), outputs: recording.outputs };
}

const cluster = (at: Place) => ({ kubeconfig: at.kubeconfig, context: 'local' });

export async function localStack(storage: Storage, config: Readonly<Record<string, unknown>> = {}): Promise<Declared> {
  return declare('local', { ...(await storageConfig(storage)), cluster: cluster(place()), ...config });
}

/** Namespaces of the standby: the same cluster has to do for both sites. */
export const STANDBY = { platform: 'go-coffee-standby', recovery: 'go-coffee-dr-standby' } as const;

/** What only a cluster in AWS has; an empty value is none. */
const NOT_HERE = { oidcProvider: {}, traffic: {}, registry: {}, monitoring: {} };

/** The shipped stack `dr`, on S3-compatible storage and beside `local`, whose secrets it is given. */
export async function standbyStack(storage: Storage, secretValues: unknown): Promise<Declared> {
  const { images, postgres, redis, backups } = await shippedConfig('local');
  return declare('dr', {
    ...NOT_HERE,
    images,
    postgres,
    redis,
    backups,
    ...(await storageConfig(storage)),
    environment: 'local',
    cluster: cluster(place()),
    namespaces: STANDBY,
    standby: { of: { site: 'local', generation: 1 }, repository: 'secondary' },
    secrets: { from: 'config' },
    secretValues,
  });
}

/** Recorded as for AWS: its objects, in namespaces of their own. */
export async function shippedStack(
  stack: 'production' | 'dr',
  name: string,
  config: Readonly<Record<string, unknown>> = {},
): Promise<Declared> {
  return declare(stack, { namespaces: { platform: name, recovery: `${name}-dr` }, ...config });
}
