/** `dr offsite export`, `dr offsite list`, `dr offsite verify`: self-contained copies on a drive or at a partner's S3 endpoint. */
import { Command, Option } from '@commander-js/extra-typings';
import type { Repository, Site } from '../../recovery/config/site.ts';
import { exitFor } from '../../recovery/core/exit.ts';
import type { ExportOutcome } from '../../recovery/offsite/run.ts';
import type { OffsiteCopy } from '../../recovery/points/offsite-copy/copies.ts';
import { formatBytes, formatTime, plural } from '../../recovery/report/format.ts';
import { table } from '../../recovery/report/table.ts';
import { type CommandResult, commandFamily, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { dryRunOption, examples, numberBetween } from '../flags.ts';
import { openSite } from '../open-site.ts';
import { verify } from './verify.ts';

const REPOSITORY = [
  '--repository <id>',
  'the repository of off-site copies (default: the one that the plan fills by an export)',
] as const;

interface Destination {
  readonly site: Site;
  readonly target: Repository;
}

async function openDestination(context: SiteContext, id: string | undefined): Promise<Destination> {
  const { exportedRepository } = await import('../../recovery/config/repositories.ts');
  const site = await openSite(context);
  return { site, target: exportedRepository(site, id) };
}

/** Throws where the drive is not mounted. */
async function openMounted(context: SiteContext, id: string | undefined): Promise<Destination> {
  const { driveUnmounted, isDriveUnmounted } = await import('../../recovery/config/repositories.ts');
  const { site, target } = await openDestination(context, id);
  if (isDriveUnmounted(site, target)) throw driveUnmounted(site, target);
  return { site, target };
}

const exportDeclaration = () =>
  new Command('export')
    .description(
      'Copy the newest complete recovery point, or a named one, with all that its restore needs. If it is interrupted, run it again: it resumes.',
    )
    .option(...REPOSITORY)
    .option('--from <repository>', 'repository to read (default: the first that has the point)')
    .addOption(new Option('--to <point>', 'latest, or a point’s id').default('latest'))
    .addOption(dryRunOption())
    .addHelpText(
      'after',
      examples(
        'dr offsite export',
        'dr offsite export --dry-run',
        'dr offsite export --from secondary --to 20261123T020000Z-full-7f3a',
      ),
    );

/** Exit 2: the environment has no such repository. Exit 5: what was copied is not what it must be; no point was written. */
async function offsiteExport(
  options: OptionsOf<typeof exportDeclaration>,
  context: SiteContext,
): Promise<CommandResult> {
  const { planExport, runExport } = await import('../../recovery/offsite/run.ts');
  const { site, target } = await openDestination(context, options.repository);
  const { now, progress, signal } = context;
  const point = options.to === 'latest' ? undefined : options.to;
  const request = { target, from: options.from, point, now, progress, signal };
  const outcome: ExportOutcome = options.dryRun ? await planExport(site, request) : await runExport(site, request);
  const { source, chosen, there, made } = outcome;
  const data = {
    dryRun: options.dryRun,
    repository: target.id,
    from: source.id,
    point: chosen.entry.point.id,
    there,
    ...(made ? { files: made.files, bytes: made.bytes } : {}),
    ...(chosen.entry.point.failed === undefined ? {} : { failed: chosen.entry.point.failed }),
  };
  const lacks = (chosen.entry.point.failed ?? []).map(({ workload, code }) => `it lacks ${workload} (${code})`);
  const text = [exportText(target, outcome), ...lacks].join('\n');
  return { kind: 'OffsiteExport', data, text, exit: exitFor({ partial: lacks.length > 0 }) };
}

function exportText(target: Repository, { source, chosen, there, made }: ExportOutcome): string {
  const { id, captures } = chosen.entry.point;
  if (there) return `${id} is already in ${target.id}: nothing was done`;
  if (made) {
    return `${id} is in ${target.id} now: ${plural(made.files, 'file')}, ${formatBytes(made.bytes)}, read from ${source.id} and verified`;
  }
  const rows = captures.map((capture) => [
    capture.workload,
    capture.engine === 'pgbackrest' ? capture.set : capture.snapshot.slice(0, 8),
    formatBytes(capture.bytes),
  ]);
  return `would copy ${id} from ${source.id} to ${target.id}\n${table(['workload', 'copy', 'size'], rows)}`;
}

const listDeclaration = () =>
  new Command('list')
    .description('List the off-site copies: their points, sizes and marks, and what an interrupted export has left.')
    .option(...REPOSITORY)
    .addHelpText('after', examples('dr offsite list', 'dr offsite list -o json | jq .copies[].point'));

async function offsiteList(
  { repository }: OptionsOf<typeof listDeclaration>,
  context: SiteContext,
): Promise<CommandResult> {
  const { offsiteCopies } = await import('../../recovery/points/offsite-copy/copies.ts');
  const { site, target } = await openMounted(context, repository);
  const found = await offsiteCopies(site, target);
  const copies = found.toReversed().map((copy) => ({
    point: copy.point,
    state: stateOf(copy),
    startedAt: copy.entry?.point.startedAt,
    exportedAt: copy.exportedAt,
    from: copy.from,
    files: copy.objects.length,
    bytes: copy.bytes,
    marks: (copy.entry?.marks ?? []).map(({ mark }) => mark),
  }));
  const rows = copies.map(({ point, state, exportedAt, from, bytes, marks }) => [
    point,
    state,
    exportedAt === undefined ? '-' : formatTime(exportedAt),
    from ?? '-',
    formatBytes(bytes),
    [...new Set(marks)].join(', '),
  ]);
  const list = table(['copy of', 'state', 'exported', 'read from', 'size', 'marks'], rows);
  const text = rows.length === 0 ? `${target.id} holds no copy yet: \`dr offsite export\` writes one` : list;
  return { kind: 'OffsiteCopies', data: { repository: target.id, copies }, text };
}

function stateOf({ entry, objects }: OffsiteCopy): string {
  if (entry === undefined) return 'interrupted';
  if (objects.length === 0) return 'data is gone';
  return entry.trust === 'ok' ? 'complete' : entry.trust;
}

const verifyDeclaration = () =>
  new Command('verify')
    .description(
      'Check every copy against its list of files, and one copy by its engines; with --deep by a scratch restore.',
    )
    .option(...REPOSITORY)
    .option('--point <id>', 'the copy that is read back (default: the newest)')
    .option('--deep', 'restore that copy to a scratch folder, start it, and query the data', false)
    .addOption(
      new Option('--read-data <percent>', 'part of the stored files to read back')
        .argParser(numberBetween(0, 100, 'a percentage from 0 to 100, e.g. 10'))
        .default(100),
    )
    .addHelpText('after', examples('dr offsite verify', 'dr offsite verify --deep --point 20261123T020000Z-full-7f3a'));

/** As `dr verify --repository offsite`. */
async function offsiteVerify(
  { repository, ...options }: OptionsOf<typeof verifyDeclaration>,
  context: SiteContext,
): Promise<CommandResult> {
  const { target } = await openMounted(context, repository);
  return verify({ ...options, repository: [target.id] }, context);
}

export const declare = commandFamily({
  declare: () =>
    new Command('offsite').description(
      'Write, list and verify off-site copies of recovery points, on a drive or at a partner’s S3 endpoint.',
    ),
  members: [
    siteCommand({ declare: exportDeclaration, run: offsiteExport }),
    siteCommand({ declare: listDeclaration, run: offsiteList }),
    siteCommand({ declare: verifyDeclaration, run: offsiteVerify }),
  ],
});
