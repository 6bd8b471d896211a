/** Names of what a stack has in namespaces of the platform. Two stacks may protect the same one, so each begins with the stack's own. Pure. */

import type { StackConfig } from '../types.ts';

/** What all of its objects there begin with. */
export const prefixOf = (recovery: string): string => `${recovery}-volumes`;

/** CronJob of a volume's copies. */
export const moverName = (recovery: string, id: string, schedule: string): string => `${recovery}-${id}-${schedule}`;

/** Job that fills a volume. */
export const seedName = (recovery: string, id: string): string => `${recovery}-seed-${id}`;

/** Regular expression for the names of the Jobs that copy and fill these volumes: a platform may have Jobs with names like ours. */
function jobNames(recovery: string, ids: readonly string[]): string {
  const each = `(${ids.join('|')})`;
  return `${recovery}-(${each}-.+|seed-${each})`;
}

/** Service account of the pods that copy, and of those that fill. */
export const accountName = (recovery: string, role: 'writer' | 'restorer'): string => `${prefixOf(recovery)}-${role}`;

/** Namespace of the platform → what the stack runs there, for whoever watches it. */
export function visitingJobs(config: Config): { readonly namespace: string; readonly names: string }[] {
  return volumeNamespaces(config).map((namespace) => {
    const here = config.platformVolumes.filter((volume) => volume.namespace === namespace);
    const names = jobNames(
      config.namespaces.recovery,
      here.map(({ id }) => id),
    );
    return { namespace, names };
  });
}

type Config = Pick<StackConfig, 'platformVolumes' | 'namespaces'>;

export const volumeNamespaces = ({ platformVolumes }: Pick<Config, 'platformVolumes'>): string[] => [
  ...new Set(platformVolumes.map(({ namespace }) => namespace)),
];

/** `namespace:name` of all of them. */
export function visitorAccounts(config: Config): Record<'writer' | 'restorer', string[]> {
  const of = (role: 'writer' | 'restorer') =>
    volumeNamespaces(config).map((namespace) => `${namespace}:${accountName(config.namespaces.recovery, role)}`);
  return { writer: of('writer'), restorer: of('restorer') };
}
