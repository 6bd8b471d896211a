/** The clock of the file system: a share has that of its server, and no process can set its own. */
import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../core/errors.ts';

/** Nothing can be written there: it is absent, mounted read-only, full, or of somebody else. */
const NO_FILE = ['ENOENT', 'ENOTDIR', 'EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT'];

/** When a file that is written now was written. Undefined where none can be. */
export async function folderClock(folder: string): Promise<Date | undefined> {
  const file = join(folder, `.dr-clock-${randomBytes(8).toString('hex')}`);
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      // First: a process that is killed here must leave nothing.
      await rm(file, { force: true });
      return new Date((await handle.stat()).ctimeMs);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (hasCode(error, ...NO_FILE)) return undefined;
    throw error;
  }
}
