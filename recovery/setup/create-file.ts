/** Makes a file that was not there, whole or not at all, and never replaces one. */
import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import type { Account } from '../core/account.ts';
import { hasCode, precondition } from '../core/errors.ts';
import { namingPath } from '../core/files/writes.ts';

/** False where something has that name: it stays as it is. */
export async function createFile(path: string, text: string, mode: number, owner?: Account): Promise<boolean> {
  const next = `${path}.${randomBytes(4).toString('hex')}`;
  const handle = await open(next, 'wx', mode);
  try {
    await handle.writeFile(text).catch(namingPath(next));
    await handle.chmod(mode);
    if (owner !== undefined) await handle.chown(owner.uid, owner.gid);
    await handle.sync();
    // Unlike a rename, a link fails where the name is taken.
    await link(next, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST') && error.syscall === 'link') return false;
    throw error;
  } finally {
    await handle.close();
    await rm(next, { force: true });
  }
}

/** A configuration file: it holds no secret. Throws `SETUP-TAKEN` (exit 6) where somebody was faster. */
export async function createNewFile(file: string, text: string): Promise<void> {
  if (await createFile(file, text, 0o644)) return;
  throw precondition({
    code: 'SETUP-TAKEN',
    where: file,
    fact: 'somebody has written it in the meantime; it was not changed',
    hint: 'run `dr setup` again: it shows the difference',
  });
}
