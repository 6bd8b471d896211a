/** A small dr.yaml as text, and what is said of a changed one. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSite, type Site } from '../../../recovery/config/site.ts';
import { DrError } from '../../../recovery/core/errors.ts';

/** All paths lie below `/srv/dr`; nothing is opened there. */
export const GOOD = `apiVersion: go-coffee-dr/v1
kind: Environment
name: production
site: fra1
stateDir: /srv/dr/state
signingKeys:
  - { name: k1, from: { file: /srv/dr/keys/signing } }
postgres:
  dataDir: /srv/dr/data
  socketDir: /srv/dr/run
redis:
  dataDir: /srv/dr/redis
folders:
  uploads: { path: /srv/dr/uploads }
git:
  repositories:
    - { name: go-coffee, url: https://git.example.com/go-coffee.git }
repositories:
  local:
    type: posix
    path: /srv/dr/local
    passphrases: [{ name: p1, from: { file: /srv/dr/keys/local } }]
  secondary:
    type: posix
    path: /srv/dr/secondary
    passphrases: [{ name: p1, from: { env: SECONDARY_PASSPHRASE } }]
`;

/** Throws where the good file does not hold `from`: a test must change something. */
export function changed(from: string, to: string): string {
  if (!GOOD.includes(from)) throw new Error(`the good file holds no ${JSON.stringify(from)}`);
  return GOOD.replace(from, () => to);
}

export async function opened(folder: string, text: string): Promise<Site> {
  const file = join(folder, 'dr.yaml');
  await writeFile(file, text);
  return openSite(file);
}

export async function refusalOf(folder: string, text: string): Promise<DrError> {
  const outcome = await opened(folder, text).catch((error: unknown) => error);
  if (outcome instanceof DrError) return outcome;
  throw new Error(`dr.yaml was taken, or failed without a DrError: ${String(outcome)}`);
}
