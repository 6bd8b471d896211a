/** `dr keys escrow`, `dr keys show`, `dr keys open`: what a recovery needs besides the repositories, in one encrypted file. */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { shellWord } from '../../recovery/core/quote.ts';
import type { BundleIndex } from '../../recovery/keys/bundle.ts';
import { formatBytes, formatTime, plural } from '../../recovery/report/format.ts';
import { table } from '../../recovery/report/table.ts';
import {
  type CommandContext,
  type CommandResult,
  commandFamily,
  freeCommand,
  type OptionsOf,
  type SiteContext,
  siteCommand,
} from '../command.ts';
import { examples } from '../flags.ts';
import { openSite } from '../open-site.ts';
import { noteOpened, noteWritten } from '../proof-notes.ts';

const FILE = 'the escrow file';
const IDENTITY = ['--identity <file>', 'file with the AGE-SECRET-KEY of a recipient'] as const;
const NOBODY: readonly string[] = [];

function collectRecipient(value: string, before: readonly string[]): readonly string[] {
  if (value.trim() === '') throw new InvalidArgumentError('It is empty.');
  return [...before, value.trim()];
}

const escrowDeclaration = () =>
  new Command('escrow')
    .description('Write all of it into one file that only the recipients can open (age).')
    .addOption(
      new Option('--recipient <age1…>', 'who can open it; several: repeat it')
        .argParser(collectRecipient)
        .default(NOBODY, 'none'),
    )
    .option('--out <file>', 'where it is written (default: <environment>-escrow-<date>.age here)')
    .option('--armor', 'as text, to print or to send', false)
    .addHelpText(
      'after',
      examples(
        'dr keys escrow --recipient age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq',
        'dr keys escrow --recipient age1… --recipient age1… --out /mnt/safe/production.age --armor',
      ),
    );

async function keysEscrow(options: OptionsOf<typeof escrowDeclaration>, context: SiteContext): Promise<CommandResult> {
  const { makeEscrow } = await import('../../recovery/keys/escrow.ts');
  const now = context.now();
  const site = await openSite(context);
  const out = resolve(options.out ?? `${site.environment.name}-escrow-${dayOf(now)}.age`);
  const made = await makeEscrow(site, { recipients: options.recipient, out, armor: options.armor, now });
  const { index, recipients, bytes, sha256 } = made;
  const noted = await noteWritten(site, sha256, context);
  const text = [
    await titleOf(index),
    `written to ${out} (${formatBytes(bytes)}, sha256 ${sha256})`,
    `opened by ${recipients.join(', ')}`,
    'Store it apart from the platform and its repositories, and each identity apart from it. Test it: `dr keys show FILE --identity IDENTITY`',
    ...noted,
  ].join('\n');
  return { kind: 'Escrow', data: { file: out, bytes, sha256, recipients, index }, text };
}

/** `20261125` */
function dayOf(now: Date): string {
  return now.toISOString().slice(0, 10).replaceAll('-', '');
}

async function titleOf(index: BundleIndex): Promise<string> {
  const { BUNDLE_FOLDERS } = await import('../../recovery/keys/bundle.ts');
  const { environment, createdAt, program } = index;
  const secrets = index.files.filter(({ path }) => path.startsWith(`${BUNDLE_FOLDERS.keys}/`)).length;
  return `escrow of ${environment}, ${formatTime(createdAt)}: ${plural(secrets, 'secret')}, dr ${program.version} (${plural(program.files, 'file')})`;
}

const showDeclaration = () =>
  new Command('show')
    .argument('<file>', FILE)
    .description('List what an escrow file holds. No secret is shown.')
    .requiredOption(...IDENTITY)
    .addHelpText('after', examples('dr keys show production-escrow-20261125.age --identity escrow.key'));

async function keysShow(
  { identity }: OptionsOf<typeof showDeclaration>,
  context: CommandContext,
  file: string,
): Promise<CommandResult> {
  const { readEscrow } = await import('../../recovery/keys/escrow.ts');
  const { index, sha256 } = await readEscrow(resolve(file), resolve(identity));
  const files = index.files.map(({ path, what, bytes }) => [path, what, formatBytes(bytes)]);
  const repositories = index.repositories.map(({ id, place }) => [id, place]);
  const text = [
    await titleOf(index),
    table(['file', 'what', 'size'], files),
    table(['repository', 'location'], repositories),
    ...(await noteOpened(index, sha256, context)),
  ].join('\n\n');
  return { kind: 'EscrowIndex', data: index, text };
}

const openDeclaration = () =>
  new Command('open')
    .argument('<file>', FILE)
    .description('Unpack an escrow file as a working environment: keys, dr.yaml, the plan, and this program.')
    .requiredOption(...IDENTITY)
    .requiredOption('--into <folder>', 'a folder that is absent or empty')
    .addHelpText(
      'after',
      examples(
        'dr keys open production-escrow-20261125.age --identity escrow.key --into /root/recovery',
        'dr points --env /root/recovery/dr.yaml',
      ),
    );

/** Exit 2: the file is missing, not an escrow file, damaged, or for another identity. Exit 6: the folder is not empty. */
async function keysOpen(
  { identity, into }: OptionsOf<typeof openDeclaration>,
  context: CommandContext,
  file: string,
): Promise<CommandResult> {
  const [{ readEscrow }, { layDown }, { BUNDLE_FOLDERS }] = await Promise.all([
    import('../../recovery/keys/escrow.ts'),
    import('../../recovery/keys/lay-down.ts'),
    import('../../recovery/keys/bundle.ts'),
  ]);
  const folder = resolve(into);
  const opened = await readEscrow(resolve(file), resolve(identity));
  const { environmentFile, environment, notes } = await layDown(opened, folder);
  const program = `${folder}/${BUNDLE_FOLDERS.program}`;
  const text = [
    `${await titleOf(opened.index)}\nunpacked into ${folder}`,
    ...notes.map((note) => `note: ${note}`),
    ...(await noteOpened(opened.index, opened.sha256, context)),
    `next: dr points --env ${shellWord(environmentFile)}`,
    `without dr: cd ${shellWord(program)} && npm ci && npm run -s dr -- points --env ${shellWord(environmentFile)}`,
  ].join('\n');
  const data = { folder, environmentFile, environment: environment.name, program, notes, index: opened.index };
  return { kind: 'EscrowOpened', data, text };
}

export const declare = commandFamily({
  declare: () =>
    new Command('keys').description(
      'Keep what a recovery needs besides the repositories: passphrases, keys, endpoints, the plan, this program.',
    ),
  members: [
    siteCommand({ declare: escrowDeclaration, run: keysEscrow }),
    freeCommand({ declare: showDeclaration, run: keysShow }),
    freeCommand({ declare: openDeclaration, run: keysOpen }),
  ],
});
