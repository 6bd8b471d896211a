/** Pure: how restic names a repository. */
import type { RepositorySettings } from '../../environment.ts';

export function resticLocation(settings: RepositorySettings, path: string): string {
  if (settings.type === 'posix') return `${settings.path.replace(/\/+$/, '')}/${path}`;
  return `s3:${settings.endpoint.replace(/\/+$/, '')}/${settings.bucket}/${path}`;
}

/** Arguments of every call that are no secret. */
export function resticArguments(settings: RepositorySettings, cacheDir: string): string[] {
  if (settings.type === 'posix') return ['--cache-dir', cacheDir];
  const ca = settings.ca === undefined ? [] : ['--cacert', settings.ca];
  const style = settings.uriStyle === 'path' ? ['-o', 's3.bucket-lookup=path'] : ['-o', 's3.bucket-lookup=dns'];
  return ['--cache-dir', cacheDir, ...ca, ...style, '-o', `s3.region=${settings.region}`];
}
