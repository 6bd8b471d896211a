/** Takes differences into a file that is there: its comments stay, and the file as it was stays beside it. */
import { readFile, stat } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { writeOwnedFile } from '../core/account.ts';
import { createFile } from './create-file.ts';
import type { Difference } from './difference.ts';

/** The text with these differences taken in. @param keysOf where a field lies in the file */
export async function withTaken(
  file: string,
  differences: readonly Difference[],
  keysOf: (path: string) => readonly string[],
): Promise<string> {
  const document = parseDocument(await readFile(file, 'utf8'));
  for (const { path, now } of differences) {
    const keys = keysOf(path);
    if (now === undefined) document.deleteIn(keys);
    else document.setIn(keys, document.createNode(now));
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** Keeps the file as it was beside it. The path of that. */
export async function replaceFile(file: string, text: string, now: Date): Promise<string> {
  const { mode } = await stat(file);
  const kept = `${file}.${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  await createFile(kept, await readFile(file, 'utf8'), mode & 0o777);
  await writeOwnedFile(file, text, mode & 0o777, undefined);
  return kept;
}
