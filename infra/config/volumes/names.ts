/** Names of what a stack has in namespaces of the platform. Two stacks may protect the same one, so each begins with the stack's own. Pure. */

import type { StackConfig } from '../types.ts';

/** What all of its objects there begin with. */
export const prefixOf = (recovery: string): string => `${recovery}-volumes`;

/** CronJob of a volume's copies. */
export const moverName = (recovery: string, id: string, schedule: string): string => `${recovery}-${id}-${schedule}`;

/** Job that fills a volume. */
export const seedName = (recovery: string, id: string): string => `${recovery}-seed-${id}`;

/** Service account of the pods that copy, and of those that fill. */
export const accountName = (recovery: string, role: 'writer' | 'restorer'): string => `${prefixOf(recovery)}-${role}`;

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
