import { normalize } from 'node:path';
import { z } from 'zod';
import { posixRepository } from './posix/store.ts';
import { s3Repository } from './s3/settings.ts';

export const repositorySchema = z.discriminatedUnion('type', [posixRepository, s3Repository]);
export type RepositorySettings = z.infer<typeof repositorySchema>;

/** Where a repository really is: two with the same place are one copy. */
export function placeOf(settings: RepositorySettings): string {
  return settings.type === 'posix'
    ? `posix:${folderOf(settings.path)}`
    : `s3:${new URL(settings.endpoint).host}/${settings.bucket}`;
}

export function folderOf(path: string): string {
  return normalize(path).replace(/(?<=.)\/+$/, '');
}

export type StoreRole = 'writer' | 'restorer';
