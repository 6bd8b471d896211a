/** Mount points of this host: one can be neither renamed nor removed, only what is in it. */
import { readFile } from 'node:fs/promises';
import { hasCode } from '../core/errors.ts';

/** The kernel writes space, tab, line break and backslash as three octal digits. */
function plain(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Pure. The fifth field of each line of `/proc/self/mountinfo`. */
export function mountPoints(mountinfo: string): string[] {
  const fields = mountinfo.split('\n').map((line) => line.split(' ')[4]);
  return fields.flatMap((field) => (field === undefined ? [] : [plain(field)]));
}

/** Bytes, each as one character. Empty where this is not Linux: a rename then says that the folder is busy. */
async function mountedHere(): Promise<string[]> {
  try {
    return mountPoints(await readFile('/proc/self/mountinfo', 'latin1'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** @param path Without links. */
export async function isMountPoint(path: string): Promise<boolean> {
  return (await mountedHere()).includes(Buffer.from(path).toString('latin1'));
}

/** Mount points below a folder, which neither a rename of the folder nor its removal takes along. */
export async function mountsBelow(path: string): Promise<string[]> {
  const prefix = Buffer.from(`${path.replace(/\/$/, '')}/`).toString('latin1');
  const found = (await mountedHere()).filter((mount) => mount.startsWith(prefix));
  return found.map((mount) => Buffer.from(mount, 'latin1').toString());
}
