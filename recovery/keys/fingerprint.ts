/** What an escrow file would hold of secrets now, as one value: it tells that a key has changed, and nothing of the key. */
import { createHmac } from 'node:crypto';
import type { Site } from '../config/site.ts';
import { BUNDLE_FOLDERS, type BundleFile } from './bundle.ts';
import { collectEnvironment } from './collect.ts';

/**
 * Keyed with the signing key: without it nobody can try out passwords. Only the secrets count: another plan or another folder needs no new
 * escrow file. Throws `SECRET-…` and `ESCROW-INCOMPLETE` (exit 2) for what can't be read.
 */
export async function keysFingerprint(site: Site, signingKey: string): Promise<string> {
  return fingerprintOf(await collectEnvironment(site), signingKey);
}

function fingerprintOf(files: readonly BundleFile[], signingKey: string): string {
  const hmac = createHmac('sha256', signingKey);
  const secrets = files.filter(({ path }) => path.startsWith(`${BUNDLE_FOLDERS.keys}/`));
  for (const { path, body } of secrets.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    hmac.update(`${path}\n${body.length}\n`).update(body);
  }
  return hmac.digest('hex');
}
