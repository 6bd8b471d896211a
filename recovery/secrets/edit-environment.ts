/** Changes fields of dr.yaml and leaves its comments and its order. What results is checked before it takes the place of the old one. */
import { chmod, chown, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { readEnvironment } from '../config/environment-file.ts';
import { DrError } from '../core/errors.ts';
import { namingPath } from '../core/files/writes.ts';
import { shellWord } from '../core/quote.ts';

export type Path = readonly (string | number)[];
type Document = ReturnType<typeof parseDocument>;

/** Throws what reading the changed file throws, and `ENVIRONMENT-UNEDITABLE`; the old file stays then. */
export async function editEnvironment(file: string, edit: (document: Document) => void): Promise<void> {
  const document = parseDocument(await readFile(file, 'utf8'));
  if (document.errors.length > 0) {
    throw new DrError({
      code: 'ENVIRONMENT-UNEDITABLE',
      where: file,
      fact: `it can’t be changed by a program: ${document.errors[0]?.message}`,
      hint: `correct it: dr doctor --env ${shellWord(file)}`,
    });
  }
  edit(document);
  const { uid, gid, mode } = await stat(file);
  const part = `${file}.new`;
  try {
    const handle = await open(part, 'w', 0o600);
    try {
      await handle.writeFile(document.toString({ lineWidth: 0 })).catch(namingPath(part));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chown(part, uid, gid);
    await chmod(part, mode & 0o777);
    await readEnvironment(part);
    await rename(part, file);
  } finally {
    await rm(part, { force: true });
  }
}

/** Puts an entry in front of a list, once: a run that was killed may have done it. */
export function putFirst(
  document: Document,
  path: Path,
  entry: { readonly name: string; readonly from: { readonly file: string } },
): void {
  const list: unknown = document.getIn(path, false);
  const plain = (list as { toJSON?: () => unknown })?.toJSON?.() ?? list;
  const entries = Array.isArray(plain) ? plain : [];
  if (entries.some((each: { readonly name?: unknown }) => each?.name === entry.name)) return;
  const node = document.getIn(path, true);
  if (node !== null && typeof node === 'object' && 'items' in node && Array.isArray(node.items))
    node.items.unshift(document.createNode(entry));
}

/** Adds an entry to a list that may not be there yet, once. */
export function putLast(document: Document, path: Path, entry: object): void {
  const list: unknown = document.getIn(path);
  const plain = (list as { toJSON?: () => unknown })?.toJSON?.() ?? list;
  const entries = Array.isArray(plain) ? plain : [];
  if (entries.some((each) => JSON.stringify(each) === JSON.stringify(entry))) return;
  if (entries.length === 0) document.setIn(path, document.createNode([entry]));
  else document.addIn(path, document.createNode(entry));
}
