/** `dr keys escrow`, `dr keys show`, `dr keys open` */
import { resolve } from 'node:path';
import { openSite } from '../config/site.ts';
import { BUNDLE_FOLDERS, type BundleIndex } from '../keys/bundle.ts';
import { makeEscrow, readEscrow } from '../keys/escrow.ts';
import { layDown } from '../keys/lay-down.ts';
import { formatBytes, formatTime, plural } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { Execute, KeysEscrowOptions, KeysOpenOptions, KeysShowOptions } from './command.ts';

/** `20261125` */
function day(now: Date): string {
  return now.toISOString().slice(0, 10).replaceAll('-', '');
}

function secretsIn({ files }: BundleIndex): number {
  return files.filter(({ path }) => path.startsWith(`${BUNDLE_FOLDERS.keys}/`)).length;
}

function headOf(index: BundleIndex): string {
  const { environment, createdAt, program } = index;
  return `escrow of ${environment}, ${formatTime(createdAt)}: ${plural(secretsIn(index), 'secret')}, dr ${program.version} (${plural(program.files, 'file')})`;
}

export const keysEscrow: Execute<KeysEscrowOptions> = async (options, context) => {
  const now = context.now();
  const site = await openSite(options.env, context.log);
  const out = resolve(options.out ?? `${site.environment.name}-escrow-${day(now)}.age`);
  const made = await makeEscrow(site, { recipients: options.recipient, out, armor: options.armor, now });
  const { index, recipients, bytes, sha256 } = made;
  const text = [
    headOf(index),
    `written to ${out} (${formatBytes(bytes)}, sha256 ${sha256})`,
    `opened by ${recipients.join(', ')}`,
    'Keep it away from the platform and its repositories, and each identity away from it. Try it: dr keys show',
  ].join('\n');
  return { kind: 'Escrow', data: { file: out, bytes, sha256, recipients, index }, text };
};

export const keysShow: Execute<KeysShowOptions> = async ({ file, identity }) => {
  const { index } = await readEscrow(resolve(file), resolve(identity));
  const rows = index.files.map(({ path, what, bytes }) => [path, what, formatBytes(bytes)]);
  const places = index.repositories.map(({ id, place }) => [id, place]);
  const text = [headOf(index), table(['file', 'what', 'size'], rows), table(['repository', 'place'], places)].join(
    '\n\n',
  );
  return { kind: 'EscrowIndex', data: index, text };
};

/** Exit 2: no such file, not one of ours, damaged, or another identity's. Exit 6: the folder holds something. */
export const keysOpen: Execute<KeysOpenOptions> = async ({ file, identity, into }) => {
  const folder = resolve(into);
  const opened = await readEscrow(resolve(file), resolve(identity));
  const { environmentFile, environment, notes } = await layDown(opened, folder);
  const program = `${folder}/${BUNDLE_FOLDERS.program}`;
  const text = [
    `${headOf(opened.index)}\nlaid down in ${folder}`,
    ...notes.map((note) => `note: ${note}`),
    `next: dr points --env ${environmentFile}`,
    `without dr: cd ${program} && npm ci && npm run -s dr -- points --env ${environmentFile}`,
  ].join('\n');
  const data = { folder, environmentFile, environment: environment.name, program, notes, index: opened.index };
  return { kind: 'EscrowOpened', data, text };
};
