/** `dr offsite export`, `dr offsite list`, `dr offsite verify` */
import { driveAway, exportedRepository, isDriveAway } from '../config/repositories.ts';
import { openSite, type Repository, type Site } from '../config/site.ts';
import { type ExportOutcome, planExport, runExport } from '../offsite/run.ts';
import { type DatedCopy, datedCopies } from '../points/dated-copy/copies.ts';
import { formatBytes, formatTime, plural } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { Execute, OffsiteExportOptions, OffsiteListOptions, OffsiteVerifyOptions } from './command.ts';
import { verifyCommand } from './verify.ts';

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
