/** Where a repository is. Pure. */
import { fileURLToPath } from 'node:url';

/** The folder that a url means, or undefined for a remote one. */
export function localFolder(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  return url.startsWith('file://') ? fileURLToPath(url) : undefined;
}
