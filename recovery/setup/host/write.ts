/** What `dr setup` writes on a host where nothing is yet: the keys and dr.yaml. */
import { dirname, join } from 'node:path';
import { makePassableFolder } from '../../core/account.ts';
import { createNewFile } from '../create-file.ts';
import { type MadeKey, makeKeys } from './keys.ts';
import type { HostSetup } from './setup.ts';

/** The keys first: a file that names keys which are not there would be a site that can't begin. Throws `SETUP-TAKEN` (exit 6). */
export async function writeHost({ file, text, proposal }: HostSetup): Promise<MadeKey[]> {
  const folder = dirname(file);
  await makePassableFolder(folder);
  const keys = await makeKeys(join(folder, 'keys'), proposal.keyFiles, proposal.runAs);
  await createNewFile(file, text);
  return keys;
}
