/** Mount points of this host: one can be neither renamed nor removed, only what is in it. */
import { readFile } from 'node:fs/promises';
import { hasCode } from './errors.ts';

/** The kernel writes space, tab, line break and backslash as three octal digits. */
function plain(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Pure. The fifth field of each line of `/proc/self/mountinfo`. */
export function mountPoints(mountinfo: string): string[] {
  const fields = mountinfo.split('\n').map((line) => line.split(' ')[4]);
  return fields.flatMap((field) => (field === undefined ? [] : [plain(field)]));
}

/** @param path Without links. */
export async function isMountPoint(path: string): Promise<boolean> {
  try {
    return mountPoints(await readFile('/proc/self/mountinfo', 'latin1')).includes(Buffer.from(path).toString('latin1'));
  } catch (error) {
    // Not Linux: a rename then says that the folder is busy.
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
