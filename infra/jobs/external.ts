/** What pods need of stores that stay where they are: their passwords at the places of our own, and their authorities. */
import type { ClusterSecrets } from '../cluster/keys.ts';
import { externalAuthority } from '../cluster/paths.ts';
import { STORES } from '../config/external/schema.ts';
import type { StackConfig } from '../config/types.ts';

/** A Redis without a password has an empty one, which it does not ask for. */
export function withExternal(keys: ClusterSecrets, passwords: StackConfig['external']['passwords']): ClusterSecrets {
  const { postgres, redis } = passwords;
  return {
    ...keys,
    ...(postgres === undefined ? {} : { postgres: { ...keys.postgres, superuser: postgres } }),
    ...(redis === undefined ? {} : { redis }),
  };
}

/** PEM texts. */
export function externalAuthorities(external: StackConfig['external']): Record<string, string> {
  return Object.fromEntries(
    STORES.flatMap((store) => {
      const ca = external[store]?.ca;
      return ca === undefined ? [] : [[externalAuthority(store), ca]];
    }),
  );
}
