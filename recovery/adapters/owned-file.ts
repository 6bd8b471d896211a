/** Generated files of the engines' account, replaced as a whole. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { lookUpAccount } from './account.ts';

/**
 * A script that PostgreSQL calls must never be seen half written: a shell that reads an empty `archive_command` ends 0, and PostgreSQL
 * then takes a WAL segment for archived that nobody has. So a new file takes the old one's place by rename, owner and mode included.
 */
export async function writeOwnedFile(
  path: string,
  text: string,
  mode: number,
  accountName: string | undefined,
): Promise<void> {
  const account = await lookUpAccount(accountName);
  const next = `${path}.${randomBytes(4).toString('hex')}`;
  const handle = await open(next, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.chmod(mode);
    if (account) await handle.chown(account.uid, account.gid);
    await handle.sync();
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
