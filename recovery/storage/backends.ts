/** The kinds of storage: a further one is a folder beside `posix/` and `s3/`, and a line in the schema, in `placeOf` and in `openStore`. */
import { normalize } from 'node:path';
import { z } from 'zod';
import type { Secrets } from '../core/secrets.ts';
import type { ObjectStore } from './object-store.ts';
import { type Owner, openPosixStore, posixRepository } from './posix/store.ts';
import { readAccess } from './s3/keys.ts';
import { s3Repository } from './s3/settings.ts';

export const repositorySchema = z.discriminatedUnion('type', [posixRepository, s3Repository]);
export type RepositorySettings = z.infer<typeof repositorySchema>;

/** `restorer` may only read, and put under locks/, leases/, marks/ and incidents/. */
export type StoreRole = 'writer' | 'restorer';

/** Where a repository really is: two with the same location are one copy. */
export function locationOf(settings: RepositorySettings): string {
  switch (settings.type) {
    case 'posix':
      return `posix:${folderOf(settings.path)}`;
    case 's3':
      return `s3:${new URL(settings.endpoint).host}/${settings.bucket}`;
  }
}

/** A path without `.`, `..` and a slash at its end. */
export function folderOf(path: string): string {
  return normalize(path).replace(/(?<=.)\/+$/, '');
}

export interface OpenStoreOptions {
  /** Owner of new files; only a folder asks for it. @default this process */
  readonly owner?: () => Promise<Owner | undefined>;
  readonly secrets: Secrets;
  /** The field with the settings, for errors: `repositories.primary`. */
  readonly where: string;
  /** Called for each call that failed and is made again. */
  readonly onRetry?: (retry: object) => void;
  /** Ends the calls that wait. */
  readonly signal?: AbortSignal | undefined;
}

/** Makes no connection yet. Throws `SECRET-…`, `WEB-IDENTITY-MISSING` or `REPOSITORY-CA-UNREADABLE` (exit 2). */
export async function openStore(
  settings: RepositorySettings,
  role: StoreRole,
  { owner, secrets, where, onRetry, signal }: OpenStoreOptions,
): Promise<ObjectStore> {
  switch (settings.type) {
    case 'posix':
      return openPosixStore(settings.path, await owner?.());
    case 's3': {
      const credentials = await readAccess(secrets, settings[role], `${where}.${role}`);
      // The AWS SDK takes longer to load than many commands run, and a host that has only folders never needs it.
      const { openS3Store } = await import('./s3/store.ts');
      return openS3Store({ settings, credentials, signal, ...(onRetry === undefined ? {} : { onRetry }) });
    }
  }
}
