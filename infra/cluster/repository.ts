/** Repositories as the cluster's parts need them, in plain values: the renderers are pure and take no outputs. */
import type { Plan } from '../../plan/types.ts';
import type { RepositoryLocation } from '../config/locations.ts';

/** How pods authenticate with the storage: with keys, or with the service account's token (IRSA). */
export type StorageAccess = 'keys' | 'web-identity';

export interface LocalRepository {
  readonly id: string;
  readonly kind: 'local';
  /** Absolute path where the volume is mounted. */
  readonly path: string;
}

export interface S3Repository {
  readonly id: string;
  readonly kind: 's3';
  /** `https://host[:port]` */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly uriStyle: 'path' | 'host';
  readonly access: StorageAccess;
  /** True when the endpoint's certificate comes from an authority of its own (`caFile`). */
  readonly ownAuthority: boolean;
  /** `dr init` has keys with which it makes the bucket where it is missing. */
  readonly mayMakeBucket?: boolean;
}

export type ClusterRepository = LocalRepository | S3Repository;

/** The repositories that pods can reach, in the plan's order. No pod reaches a drive. */
export function clusterRepositories(
  plan: Plan,
  locations: Readonly<Record<string, RepositoryLocation>>,
): ClusterRepository[] {
  return plan.repositories.flatMap(({ id, storage, location }): ClusterRepository[] => {
    if (storage === 'posix') return [{ id, kind: 'local', path: location.replace(/(?<=.)\/+$/, '') }];
    const place = locations[id];
    if (place === undefined) return [];
    const { endpoint, region, bucket, uriStyle, ca, mayMakeBucket = false } = place;
    const ownAuthority = ca !== undefined;
    const access = place.kind === 'aws' ? 'web-identity' : 'keys';
    return [{ id, kind: 's3', endpoint, region, bucket, uriStyle, access, ownAuthority, mayMakeBucket }];
  });
}

/** The one that is a volume of this cluster. */
export function localOf(repositories: readonly ClusterRepository[]): LocalRepository | undefined {
  return repositories.find((repository): repository is LocalRepository => repository.kind === 'local');
}

/** PEM texts by repository, of those whose certificate comes from an authority of its own. */
export function authoritiesOf(places: Readonly<Record<string, RepositoryLocation>>): Record<string, string> {
  return Object.fromEntries(Object.entries(places).flatMap(([id, { ca }]) => (ca === undefined ? [] : [[id, ca]])));
}

/** The repositories that the engines write in each run, in the plan's order. Off-site exports get no WAL. */
export function writtenByEngines<T extends { readonly id: string }>(plan: Plan, repositories: readonly T[]): T[] {
  return plan.repositories
    .filter(({ written }) => written.by === 'engines')
    .flatMap(({ id }) => repositories.find((repository) => repository.id === id) ?? []);
}

/** Ports of the storage endpoints, for the network policy. */
export function storagePorts(repositories: readonly ClusterRepository[]): number[] {
  const ports = repositories.flatMap((repository) =>
    repository.kind === 's3' ? [Number(new URL(repository.endpoint).port || 443)] : [],
  );
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** No stack uses a detached repository, and a drill uses `only` the one that it reads. */
export function usedOf(
  all: readonly ClusterRepository[],
  detached: readonly string[],
  only?: readonly (string | undefined)[],
): { readonly repositories: ClusterRepository[]; readonly detached: ClusterRepository[] } {
  const isUsed = (id: string): boolean => !detached.includes(id) && (only === undefined || only.includes(id));
  return {
    repositories: all.filter(({ id }) => isUsed(id)),
    detached: all.filter(({ id }) => detached.includes(id)),
  };
}
