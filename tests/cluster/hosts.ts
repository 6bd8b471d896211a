/** Names of the S3 servers on this machine too: a preview asks them for the recovery point, as an operator's machine would. */
import { readFile, writeFile } from 'node:fs/promises';
import { S3_HOSTS } from './place.ts';

const FILE = '/etc/hosts';
const OURS = '# cluster of the tests of go-coffee-dr';

async function others(): Promise<string> {
  const lines = (await readFile(FILE, 'utf8')).split('\n');
  return lines.filter((line) => !line.endsWith(OURS)).join('\n');
}

/** Written in place: in a container the file is a mount. */
export async function nameHosts(): Promise<void> {
  const text = await others();
  const ours = Object.values(S3_HOSTS).map(({ name, address }) => `${address} ${name} ${OURS}\n`);
  await writeFile(FILE, [text.endsWith('\n') ? text : `${text}\n`, ...ours].join(''));
}

export async function forgetHosts(): Promise<void> {
  const text = await others();
  if (text !== (await readFile(FILE, 'utf8'))) await writeFile(FILE, text);
}

/** Lines that are left. */
export async function namedHosts(): Promise<string[]> {
  return (await readFile(FILE, 'utf8')).split('\n').filter((line) => line.endsWith(OURS));
}
