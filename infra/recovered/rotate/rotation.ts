/** The results of a rotation that several parts of a stack need. */
import type { KubeObject, ManifestSnapshot } from '../../../recovery/public.ts';
import type { SecretValues, StackConfig } from '../../config/types.ts';
import type { RetiredCredentials } from '../../jobs/recovery-site.ts';
import { DatabaseRoles, rolesIn } from '../../postgres/roles.ts';
import type { RecoverySecrets } from '../../secrets.ts';
import type { Changed } from '../objects/types.ts';
import { settled } from '../source/repository.ts';
import { Rotation } from './rotate.ts';

export interface RotationParts {
  /** Old passwords. The checks of the recovery prove that the stores refuse them. */
  readonly retired: RetiredCredentials;
  /** Role of the database → new password. */
  readonly rolePasswords: DatabaseRoles['passwords'];
  /** Declares resources, so a program may call it only once. */
  readonly rotate: (objects: readonly KubeObject[]) => Changed;
}

const REPLICATOR = 'replicator';

function retiredOf(
  { plan: { rotation }, postgres: { database } }: StackConfig,
  { postgres, redis }: SecretValues,
  roles: DatabaseRoles['roles'],
): RetiredCredentials {
  const users = [
    { store: 'postgres-superuser', user: 'postgres', password: postgres.superuser },
    { store: 'postgres-replication', user: REPLICATOR, password: postgres.replication },
    { store: 'postgres-application', user: database, password: postgres.application },
  ] as const;
  const own = users.filter(({ store }) => rotation.stores.includes(store));
  return {
    postgres: [
      ...own.map(({ user, password }) => ({ user, password })),
      ...roles.map(({ user, old }) => ({ user, password: old })),
    ],
    redis: rotation.stores.includes('redis') ? [redis] : [],
  };
}

/** Undefined where the stack does not rotate secrets. */
export async function rotationOf(
  config: StackConfig,
  secrets: RecoverySecrets,
  snapshot: ManifestSnapshot | undefined,
): Promise<RotationParts | undefined> {
  if (config.role !== 'recovery' || config.recovery?.rotateSecrets !== true) return undefined;
  const { plan, recovery, postgres } = config;
  const old = await settled(secrets.given);
  const objects = snapshot?.objects.map(({ object }) => object) ?? [];
  const found = rolesIn(objects, ['postgres', REPLICATOR, postgres.database]);
  const database = new DatabaseRoles('database-roles', found);
  return {
    retired: retiredOf(config, old, database.roles),
    rolePasswords: database.passwords,
    rotate: (declared) =>
      new Rotation('rotation', {
        plan,
        objects: declared,
        stores: { old, fresh: secrets.values },
        roles: database.roles,
        hosts: recovery.map.host,
      }),
  };
}
