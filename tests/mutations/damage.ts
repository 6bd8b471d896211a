/** Ways to damage a file of a repository. Each is a change that a disk, an operator or an intruder makes. */
import { appendFile, copyFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export const WAYS = [
  'flip a bit',
  'flip the first bit',
  'flip the last bit',
  'truncate',
  'empty',
  'append',
  'zero a part',
  'swap with another',
  'replace by another',
  'remove',
  'rename',
  'copy under another name',
  'take from the other repository',
  'replace by text',
] as const;
export type Way = (typeof WAYS)[number];

export interface Hit {
  readonly way: Way;
  /** The file that is damaged. */
  readonly file: string;
  /** Another file of the same part. Where there is none, the file is removed instead. */
  readonly other: string | undefined;
  /** A file of the same part in the other repository; likewise. */
  readonly twin: string | undefined;
  /** From 0 to 1: where in the file. */
  readonly at: number;
}

async function change(file: string, edit: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(file);
  edit(bytes);
  // In place: it keeps its owner and its mode.
  await writeFile(file, bytes);
}

function flip(bytes: Buffer, at: number): void {
  const position = Math.min(bytes.length - 1, Math.floor(bytes.length * at));
  bytes[position] = (bytes[position] ?? 0) ^ (1 << (Math.floor(at * 8) % 8));
}

async function swap(a: string, b: string): Promise<void> {
  await rename(a, `${a}.swapped`);
  await rename(b, a);
  await rename(`${a}.swapped`, b);
}

const WAY: Record<Way, (hit: Hit) => Promise<void>> = {
  'flip a bit': ({ file, at }) => change(file, (bytes) => flip(bytes, at)),
  'flip the first bit': ({ file }) => change(file, (bytes) => flip(bytes, 0)),
  'flip the last bit': ({ file }) => change(file, (bytes) => flip(bytes, 1)),
  truncate: async ({ file, at }) => truncate(file, Math.floor((await readFile(file)).length * at)),
  empty: ({ file }) => truncate(file, 0),
  append: ({ file }) => appendFile(file, 'more'),
  'zero a part': ({ file, at }) =>
    change(file, (bytes) => {
      bytes.fill(0, Math.floor(bytes.length * at * 0.9), Math.min(bytes.length, Math.ceil(bytes.length * at) + 1));
    }),
  'swap with another': ({ file, other }) => (other === undefined ? rm(file) : swap(file, other)),
  'replace by another': ({ file, other }) => (other === undefined ? rm(file) : replaceContent(file, other)),
  remove: ({ file }) => rm(file),
  rename: ({ file }) => rename(file, join(dirname(file), changedName(file))),
  'copy under another name': ({ file }) => copyFile(file, join(dirname(file), changedName(file))),
  'take from the other repository': ({ file, twin }) => (twin === undefined ? rm(file) : replaceContent(file, twin)),
  'replace by text': ({ file }) => writeFile(file, 'restored by hand\n'),
};

async function replaceContent(file: string, by: string): Promise<void> {
  await writeFile(file, await readFile(by));
}

/** The name with its first digit changed, so that it is still a name of its kind. */
function changedName(file: string): string {
  const name = file.slice(dirname(file).length + 1);
  return /\d/.test(name) ? name.replace(/\d/, (digit) => String((Number(digit) + 1) % 10)) : `${name}2`;
}

export async function damage(hit: Hit): Promise<void> {
  await WAY[hit.way](hit);
}
