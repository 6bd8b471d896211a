/** A site with folder repositories and signing keys in files, without a platform behind it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { layout } from '../../../plan/layout.ts';
import { environmentSchema } from '../../../recovery/config/environment.ts';
import type { Repository, Site } from '../../../recovery/config/site.ts';
import { silentLog } from '../../../recovery/core/log.ts';
import { openSecrets } from '../../../recovery/core/secrets.ts';
import type { ObjectStore } from '../../../recovery/storage/object-store.ts';
import { openPosixStore } from '../../../recovery/storage/posix/store.ts';

export interface SiteFacts {
  readonly repositories?: readonly string[];
  /** Names of the signing keys; the secret of `k1` is `secret of k1`. */
  readonly keys?: readonly string[];
  /** Other stores than the folders. */
  readonly stores?: Readonly<Record<string, ObjectStore>>;
}

/** Only what a catalog needs of a site; nothing of it can run an engine. */
export async function makeSite(folder: string, facts: SiteFacts = {}): Promise<Site> {
  const keys = facts.keys ?? ['k1'];
  await mkdir(join(folder, 'keys'), { recursive: true });
  for (const name of keys) await writeFile(join(folder, 'keys', name), `secret of ${name}`, { mode: 0o600 });
  const ids = facts.repositories ?? ['local'];
  const settings = (id: string) => ({
    type: 'posix',
    path: join(folder, id),
    passphrases: [{ name: 'p1', from: { env: 'PASSPHRASE' } }],
  });
  const environment = environmentSchema.parse({
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    name: 'production',
    site: 'main',
    stateDir: join(folder, 'state'),
    signingKeys: keys.map((name) => ({ name, from: { file: join(folder, 'keys', name) } })),
    repositories: Object.fromEntries(ids.map((id) => [id, settings(id)])),
  });
  const repositories = new Map(
    ids.map((id): [string, Repository] => [
      id,
      {
        id,
        settings: environment.repositories[id] as Repository['settings'],
        layout: layout('production'),
        store: async () => facts.stores?.[id] ?? openPosixStore(join(folder, id)),
      },
    ]),
  );
  const secrets = openSecrets();
  const site: Partial<Site> = {
    environment,
    repositories,
    secrets,
    log: silentLog,
    repository: (id) => repositories.get(id) as Repository,
  };
  return site as Site;
}

export function repositoryOf(site: Site, id = 'local'): Repository {
  return site.repository(id);
}
