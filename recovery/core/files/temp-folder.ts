/** Folders for what is needed for a moment. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { badInput, codeOf, hasCode } from '../errors.ts';

/** Longer ones leave no room for a socket below. */
const SHORT = 40;

/** Bytes. A folder that is full still takes an empty file. */
const PROBE = 256 * 1024;

/** For folders with a socket: its path has a limit. */
const shortParent = (): string => (tmpdir().length < SHORT ? tmpdir() : '/tmp');

function missing(parent: string, cause: unknown) {
  return badInput({
    code: 'TMPDIR-MISSING',
    where: 'TMPDIR',
    fact: `${parent} is no folder that is there`,
    hint: 'make it, or name another one: TMPDIR=/var/tmp dr …',
    cause,
  });
}

/** Private, and the caller's to remove. Throws `TMPDIR-MISSING` (exit 2). @param options.short for a socket in it */
export async function makeTempFolder(prefix: string, { short = false } = {}): Promise<string> {
  const parent = short ? shortParent() : tmpdir();
  try {
    return await mkdtemp(join(parent, prefix));
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
    throw missing(parent, error);
  }
}

/** Engines fail in the middle of their work where it is missing. Throws `TMPDIR-MISSING` (exit 2). */
export async function requireTempFolder(): Promise<void> {
  const parent = tmpdir();
  try {
    if ((await stat(parent)).isDirectory()) return;
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
    throw missing(parent, error);
  }
  throw missing(parent, undefined);
}

/** The code by which a folder refuses a small file, such as `ENOSPC`; undefined where it takes it. @param parent @default TMPDIR */
export async function writeFault(parent = tmpdir()): Promise<string | undefined> {
  try {
    const folder = await mkdtemp(join(parent, 'dr-try-'));
    try {
      await writeFile(join(folder, 'try'), Buffer.alloc(PROBE));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    return code;
  }
}
