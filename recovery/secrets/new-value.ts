/** A new secret in a file of its own. It is on disk before any server has it, so a kill loses none. */
import { randomBytes } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../core/errors.ts';
import { namingPath } from '../core/files/writes.ts';

/** 256 bits, in letters that no shell, URL or configuration file needs to quote. */
const fresh = (): string => randomBytes(32).toString('hex');

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/**
 * The value in `file`: a run that was killed has made it already. @param like a file whose owner and mode the new one gets, so that whoever
 * reads the old one reads the new one @default this account, 0600
 */
export async function newValue(file: string, like?: string): Promise<string> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      const value = fresh();
      await handle.writeFile(value).catch(namingPath(file));
      if (like !== undefined) {
        const { uid, gid, mode } = await stat(like);
        await handle.chown(uid, gid);
        await handle.chmod(mode & 0o740);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(dirname(file));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  const value = await readFile(file, 'utf8');
  // It was killed between making and filling it: nothing has this value.
  if (value.length === 64) return value;
  const handle = await open(file, 'r+');
  try {
    await handle.truncate();
    const again = fresh();
    await handle.writeFile(again).catch(namingPath(file));
    await handle.sync();
    return again;
  } finally {
    await handle.close();
  }
}
