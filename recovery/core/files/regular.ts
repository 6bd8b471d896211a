/** Reads what is a file: a named pipe that nobody writes to is waited for without an end, and a device may have none. */
import { readFile, stat } from 'node:fs/promises';

/** Of a shell's `<(…)`: whoever writes to it runs already. */
const OF_A_SHELL = /^\/(?:dev|proc\/(?:self|\d+))\/fd\/\d+$/;

/** The code that stands where the system's would. */
const NOT_A_FILE = 'not a file';

/** Throws what the system says, and an error with the code `NOT_A_FILE`. */
export async function readRegular(path: string): Promise<Buffer> {
  const found = await stat(path);
  if (found.isFile() || (found.isFIFO() && OF_A_SHELL.test(path))) return readFile(path);
  throw Object.assign(new Error(`${path} is not a file`), { code: found.isDirectory() ? 'EISDIR' : NOT_A_FILE });
}
