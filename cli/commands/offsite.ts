/** `dr offsite export`, `dr offsite list`, `dr offsite verify` */
/** `dr offsite`: dated, self-contained copies at a partner's place. */
import { Option } from 'commander';
import { driveAway, exportedRepository, isDriveAway } from '../../recovery/config/repositories.ts';
import { openSite, type Repository, type Site } from '../../recovery/config/site.ts';
import { type ExportOutcome, planExport, runExport } from '../../recovery/offsite/run.ts';
import { type DatedCopy, datedCopies } from '../../recovery/points/dated-copy/copies.ts';
import { formatBytes, formatTime, plural } from '../../recovery/report/format.ts';
import { table } from '../../recovery/report/table.ts';
import type { Declare, Execute, SiteOptions } from '../command.ts';
import { dryRunOption, examples, numberBetween } from '../flags.ts';
import { verifyCommand } from './verify.ts';

export interface OffsiteListOptions extends SiteOptions {
  /** @default the one that the plan fills by an export */
  readonly repository?: string;
}

export interface OffsiteExportOptions extends OffsiteListOptions {
  /** Repository to read. @default the first that has the point */
  readonly from?: string;
  /** `latest` or a point's id. */
  readonly to: string;
  readonly dryRun: boolean;
}

export interface OffsiteVerifyOptions extends OffsiteListOptions {
  readonly deep: boolean;
  readonly readData: number;
  readonly point?: string;
}

async function openTarget(
  env: string,
  id: string | undefined,
  log: Parameters<typeof openSite>[1],
): Promise<[Site, Repository]> {
  const site = await openSite(env, log);
  return [site, exportedRepository(site, id)];
}

function describe(target: Repository, { source, chosen, there, made }: ExportOutcome): string {
  const { id, captures } = chosen.entry.point;
  if (there) return `${id} is in ${target.id} already: nothing was done`;
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

/** Exit 2: the environment has no such repository. Exit 5: what was copied is not what it must be; no point was written. */
export const offsiteExport: Execute<OffsiteExportOptions> = async (options, context) => {
  const [site, target] = await openTarget(options.env, options.repository, context.log);
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
  };
  return { kind: 'OffsiteExport', data, text: describe(target, outcome) };
};

function stateOf({ entry, objects }: DatedCopy): string {
  if (entry === undefined) return 'interrupted';
  if (objects.length === 0) return 'data is gone';
  return entry.trust === 'ok' ? 'complete' : entry.trust;
}

export const offsiteList: Execute<OffsiteListOptions> = async ({ env, repository }, context) => {
  const [site, target] = await openTarget(env, repository, context.log);
  if (isDriveAway(site, target)) throw driveAway(site, target);
  const found = await datedCopies(site, target);
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
};

/** As `dr verify --repository offsite`. */
export const offsiteVerify: Execute<OffsiteVerifyOptions> = async ({ repository, ...options }, context) => {
  const [site, target] = await openTarget(options.env, repository, context.log);
  if (isDriveAway(site, target)) throw driveAway(site, target);
  return verifyCommand({ ...options, repository: [target.id] }, context);
};

const WHERE = 'the repository of dated copies (default: the one that the plan fills by an export)';

export const declareOffsite: Declare = (program, action) => {
  const offsite = program
    .command('offsite')
    .description('Write, list and verify dated copies of recovery points on a drive or at a partner’s S3 endpoint.');

  const run = offsite
    .command('export')
    .description(
      'Copy the newest complete recovery point, or a named one, with all that a restore of it needs. A killed run is gone on with.',
    )
    .option('--repository <id>', WHERE)
    .option('--from <repository>', 'repository to read (default: the first that has the point)')
    .addOption(new Option('--to <point>', 'latest, or a point’s id').default('latest'))
    .addOption(dryRunOption())
    .action(action(async () => (await import('./offsite.ts')).offsiteExport));
  examples(run, [
    'dr offsite export',
    'dr offsite export --dry-run',
    'dr offsite export --from secondary --to 20261123T020000Z-full-7f3a',
  ]);

  const list = offsite
    .command('list')
    .description('List the dated copies: their points, sizes and marks, and what an interrupted export has left.')
    .option('--repository <id>', WHERE)
    .action(action(async () => (await import('./offsite.ts')).offsiteList));
  examples(list, ['dr offsite list', 'dr offsite list -o json | jq .copies[].point']);

  const verify = offsite
    .command('verify')
    .description(
      'Check every copy against its list of files, and one copy by its engines; with --deep by a scratch restore.',
    )
    .option('--repository <id>', WHERE)
    .option('--point <id>', 'the copy that is read back (default: the newest)')
    .option('--deep', 'restore that copy to a scratch folder, start it, and ask the data', false)
    .addOption(
      new Option('--read-data <percent>', 'part of the stored files to read back')
        .argParser(numberBetween(0, 100, 'a percentage from 0 to 100, e.g. 10'))
        .default(100),
    )
    .action(action(async () => (await import('./offsite.ts')).offsiteVerify));
  examples(verify, ['dr offsite verify', 'dr offsite verify --deep --point 20261123T020000Z-full-7f3a']);
};
