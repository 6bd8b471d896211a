/** The keys of a site that is set up: random, each in a file of its own that is never replaced. Their text leaves this file nowhere else. */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../../core/absent.ts';
import { lookUpAccount, makePassableFolder } from '../../core/account.ts';
import { createFile } from '../create-file.ts';

export interface MadeKey {
  readonly file: string;
  /** False where it was there: then it stays as it is. */
  readonly made: boolean;
}

/** Signs points, and no other account needs it. */
const OF_DR = ['signing'];

/**
 * Files of mode 0600. PostgreSQL's account owns the passphrases, because it ships the WAL; the folder belongs to `dr`, and that account
 * may only pass through.
 */
export async function makeKeys(
  folder: string,
  names: readonly string[],
  runAs: string | undefined,
): Promise<MadeKey[]> {
  const account = await lookUpAccount(runAs);
  if (!(await isThere(folder))) {
    await makePassableFolder(join(folder, '..'));
    await mkdir(folder, { mode: 0o700 });
    if (account !== undefined) {
      await chown(folder, 0, account.gid);
      await chmod(folder, 0o710);
    }
  }
  const made: MadeKey[] = [];
  for (const name of names) {
    const file = join(folder, name);
    const owner = OF_DR.includes(name) ? undefined : account;
    made.push({ file, made: await createFile(file, randomBytes(32).toString('base64'), 0o600, owner) });
  }
  return made;
}
