/** `dr keys escrow`, `dr keys show`, `dr keys open` */
/** `dr keys`: what a recovery needs besides the repositories, in one encrypted file. */
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { openSite } from '../../recovery/config/site.ts';
import { BUNDLE_FOLDERS, type BundleIndex } from '../../recovery/keys/bundle.ts';
import { makeEscrow, readEscrow } from '../../recovery/keys/escrow.ts';
import { layDown } from '../../recovery/keys/lay-down.ts';
import { formatBytes, formatTime, plural } from '../../recovery/report/format.ts';
import { table } from '../../recovery/report/table.ts';
import type { Declare, Execute, MaybeSiteOptions, SiteOptions } from '../command.ts';
import { examples } from '../flags.ts';

export interface KeysEscrowOptions extends SiteOptions {
  /** `age1…`, each of whom can open the bundle. */
  readonly recipient: readonly string[];
  /** @default `<environment>-escrow-<date>.age` in the working directory */
  readonly out?: string;
  readonly armor: boolean;
}

export interface KeysShowOptions extends MaybeSiteOptions {
  readonly file: string;
  /** File with `AGE-SECRET-KEY-1…`. */
  readonly identity: string;
}

export interface KeysOpenOptions extends KeysShowOptions {
  /** Folder; it must be absent or empty. */
  readonly into: string;
}

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

function recipients(value: string, before: readonly string[]): string[] {
  if (value.trim() === '') throw new InvalidArgumentError('It is empty.');
  return [...before, value.trim()];
}

const FILE = 'the escrow file';
const IDENTITY = '--identity <file>';

export const declareKeys: Declare = (program, action) => {
  const keys = program
    .command('keys')
    .description(
      'Keep what a recovery needs besides the repositories: passphrases, keys, endpoints, the plan, this program.',
    );

  const escrow = keys
    .command('escrow')
    .description('Write all of it into one file that only the recipients can open (age).')
    .addOption(
      new Option('--recipient <age1…>', 'who can open it; several: repeat it')
        .argParser(recipients)
        .default([], 'none'),
    )
    .option('--out <file>', 'where it goes (default: <environment>-escrow-<date>.age here)')
    .option('--armor', 'as text, to print or to send', false)
    .action(action(async () => (await import('./keys.ts')).keysEscrow));
  examples(escrow, [
    'dr keys escrow --recipient age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq',
    'dr keys escrow --recipient age1… --recipient age1… --out /mnt/safe/production.age --armor',
  ]);

  const show = keys
    .command('show')
    .argument('<file>', FILE)
    .description('List what an escrow file holds. No secret is shown.')
    .requiredOption(IDENTITY, 'file with the AGE-SECRET-KEY of a recipient')
    .action(action(async () => (await import('./keys.ts')).keysShow, { args: ['file'], needsSite: false }));
  examples(show, ['dr keys show production-escrow-20261125.age --identity escrow.key']);

  const open = keys
    .command('open')
    .argument('<file>', FILE)
    .description('Lay an escrow file down as an environment that works: keys, dr.yaml, the plan, and this program.')
    .requiredOption(IDENTITY, 'file with the AGE-SECRET-KEY of a recipient')
    .requiredOption('--into <folder>', 'a folder that is absent or empty')
    .action(action(async () => (await import('./keys.ts')).keysOpen, { args: ['file'], needsSite: false }));
  examples(open, [
    'dr keys open production-escrow-20261125.age --identity escrow.key --into /root/recovery',
    'dr points --env /root/recovery/dr.yaml',
  ]);
};
