/** The WAL of a member on a volume of its own: PostgreSQL, Patroni and pgBackRest each have a word for where it lies. Pure. */
import type { ClaimSpec } from '../cluster/claims.ts';
import type { VolumeMount } from '../cluster/manifests.ts';
import { PATHS } from '../cluster/paths.ts';
import type { StackConfig } from '../config/types.ts';

export type WalStorage = NonNullable<StackConfig['postgres']['walStorage']>;

const VOLUME = 'wal';

interface Volumes {
  readonly walStorage?: WalStorage | undefined;
  readonly storageClass?: string | undefined;
}

/** Of each member. */
export function walClaim({ walStorage, storageClass }: Volumes): ClaimSpec[] {
  if (walStorage === undefined) return [];
  return [{ volume: VOLUME, storage: walStorage.size, storageClass: walStorage.class ?? storageClass }];
}

/** In both containers: a backup by pgBackRest follows the link. */
export const walMount = (walVolume: boolean | undefined): VolumeMount[] =>
  walVolume === true ? [{ name: VOLUME, mountPath: PATHS.pgWalVolume }] : [];

/** Option of Patroni's `initdb` and `basebackup`. */
export const walOption = (walVolume: boolean | undefined): { readonly waldir: string }[] =>
  walVolume === true ? [{ waldir: PATHS.pgWal }] : [];

/**
 * Argument of `pgbackrest restore`. It makes the link for a set without one too. Without it the WAL of each set lies beside the data: a set
 * of a stack that had such a volume is good for one that has none.
 */
export const walLink = (walVolume: boolean | undefined): string[] =>
  walVolume === true ? [`--link-map=pg_wal=${PATHS.pgWal}`] : [];
