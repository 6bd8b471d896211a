/** An off-site drive for the golden site, with a passphrase of its own. */
import { chown, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../recovery/config/environment.ts';
import type { RepositorySettings } from '../../recovery/storage/backends.ts';
import type { Golden } from './golden.ts';

/** `<folder>/drive`, prepared as a person does it: with the environment's folder on it. */
export async function makeDrive({ folder, keys }: Pick<Golden, 'folder' | 'keys'>): Promise<RepositorySettings> {
  const path = join(folder, 'drive');
  await mkdir(join(path, 'drill'), { recursive: true });
  return { type: 'posix', path, passphrases: [await makePassphrase(keys)] };
}

/** Readable by PostgreSQL's account, as the others are: it fetches WAL by it. */
export async function makePassphrase(keys: string): Promise<RepositorySettings['passphrases'][number]> {
  const file = join(keys, 'offsite');
  await writeFile(file, 'the passphrase of the drive alone', { mode: 0o640 });
  const { uid, gid } = await stat(join(keys, 'local'));
  await chown(file, uid, gid);
  return { name: 'offsite-1', from: { file } };
}

export function withOffsite(offsite: RepositorySettings) {
  return (environment: Environment): Environment => ({
    ...environment,
    repositories: { ...environment.repositories, offsite },
  });
}
