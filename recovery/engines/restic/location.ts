/** Pure: how restic names a repository. */
import type { RepositorySettings } from '../../storage/backends.ts';
import type { S3RepositorySettings } from '../../storage/s3/settings.ts';

export function resticLocation(settings: RepositorySettings, path: string): string {
  if (settings.type === 'posix') return `${settings.path.replace(/\/+$/, '')}/${path}`;
  return `s3:${settings.endpoint.replace(/\/+$/, '')}/${settings.bucket}/${path}`;
}

/** How an S3 repository is reached. */
export function s3Arguments(settings: S3RepositorySettings): string[] {
  const ca = settings.ca === undefined ? [] : ['--cacert', settings.ca];
  const style = settings.uriStyle === 'path' ? ['-o', 's3.bucket-lookup=path'] : ['-o', 's3.bucket-lookup=dns'];
  return [...ca, ...style, '-o', `s3.region=${settings.region}`];
}

/** Arguments of every call that are no secret. */
export function resticArguments(settings: RepositorySettings, cacheDir: string): string[] {
  return ['--cache-dir', cacheDir, ...(settings.type === 's3' ? s3Arguments(settings) : [])];
}
