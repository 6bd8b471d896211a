/** What `dr setup` writes on a host: keys and dr.yaml where there are none, or single fields of a dr.yaml that a person named. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import { parseEnvironment } from '../../config/environment-file.ts';
import { checkSite } from '../../config/site-check.ts';
import { makePassableFolder, writeOwnedFile } from '../../core/account.ts';
import { precondition } from '../../core/errors.ts';
import { createFile } from '../create-file.ts';
import type { Difference } from '../difference.ts';
import { type MadeKey, makeKeys } from './keys.ts';
import type { HostSetup } from './setup.ts';

/** Nobody's secret stands in it. */
const MODE = 0o644;

/** The keys first: a file that names keys which are not there would be a site that can't begin. Throws `SETUP-TAKEN` (exit 6). */
export async function writeHost({ file, text, proposal }: HostSetup): Promise<MadeKey[]> {
  const folder = dirname(file);
  await makePassableFolder(folder);
  const keys = await makeKeys(join(folder, 'keys'), proposal.keyFiles, proposal.runAs);
  if (await createFile(file, text, MODE)) return keys;
  throw precondition({
    code: 'SETUP-TAKEN',
    where: file,
    fact: 'somebody has written it in the meantime; it was not changed',
    hint: 'run `dr setup` again: it shows the difference',
  });
}

/** The file with these differences taken in, its comments kept. Throws `ENV-INVALID` where that is no environment file any more. */
export async function withTaken({ file, plan }: HostSetup, differences: readonly Difference[]): Promise<string> {
  const document = parseDocument(await readFile(file, 'utf8'));
  for (const { path, now } of differences) {
    const keys = path.split('.');
    if (now === undefined) document.deleteIn(keys);
    else document.setIn(keys, document.createNode(now));
  }
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  checkSite(parseEnvironment(text, file), plan, file);
  return text;
}

/** Keeps the file as it was beside it. Its path. */
export async function replaceFile(file: string, text: string, now: Date): Promise<string> {
  const { mode } = await stat(file);
  const kept = `${file}.${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  await createFile(kept, await readFile(file, 'utf8'), mode & 0o777);
  await writeOwnedFile(file, text, mode & 0o777, undefined);
  return kept;
}
