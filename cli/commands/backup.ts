/** `dr backup`: copy every workload, and write a recovery point. */
import { Command, Option } from '@commander-js/extra-typings';
import { formatDuration } from '../../plan/duration.ts';
import type { BackupResult } from '../../recovery/backup/run.ts';
import { detachedFact, detachments, wayBack } from '../../recovery/config/detached.ts';
import type { Site } from '../../recovery/config/site.ts';
import { notCopied } from '../../recovery/points/not-copied.ts';
import { POINT_KINDS } from '../../recovery/points/point.ts';
import { formatBytes, plural } from '../../recovery/report/format.ts';
import { table } from '../../recovery/report/table.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { dryRunOption, examples, onlyOption, repositoriesOption } from '../flags.ts';
import { openSite } from '../open-site.ts';

const declaration = () =>
  new Command('backup')
    .description('Copy every workload to every repository and write a recovery point to each, last.')
    .addOption(
      new Option('--kind <kind>', 'what to copy: everything, what changed, or configuration')
        .choices(POINT_KINDS)
        .makeOptionMandatory(),
    )
    .addOption(onlyOption())
    .addOption(repositoriesOption())
    .addOption(dryRunOption())
    .addHelpText(
      'after',
      examples(
        'dr backup --kind full',
        'dr backup --kind incremental --repository primary,secondary',
        'dr backup --kind incremental --only redis',
      ),
    );

type BackupOptions = OptionsOf<typeof declaration>;

async function backup(options: BackupOptions, context: SiteContext): Promise<CommandResult> {
  const { rememberBackup } = await import('../../recovery/report/runs.ts');
  const site = await openSite(context);
  if (options.dryRun) return dryRun(site, options);
  const { kind, only } = options;
  const { stateDir } = site.environment;
  return rememberBackup({ plan: site.plan, stateDir, kind, only, now: context.now }, () =>
    inBackupSlot(site, options, context),
  );
}

async function inBackupSlot(site: Site, options: BackupOptions, context: SiteContext): Promise<CommandResult> {
  const [{ runBackup }, { acquireBackupSlot }, { withHeldLock }] = await Promise.all([
    import('../../recovery/backup/run.ts'),
    import('../../recovery/backup/slot.ts'),
    import('../../recovery/storage/with-lock.ts'),
  ]);
  const { kind, only } = options;
  const { progress, now, signal } = context;
  const slot = await acquireBackupSlot(site, { kind, only, progress, now, signal });
  return withHeldLock(slot.lock, async (_, lost) => {
    if (slot.coveredBy !== undefined) {
      const text = `skipped: ${slot.coveredBy} was written meanwhile and holds all of it`;
      return { kind: 'Backup', data: { skipped: true, coveredBy: slot.coveredBy }, text };
    }
    const request = {
      kind,
      only,
      repositories: options.repository,
      progress,
      now,
      signal: AbortSignal.any([signal, lost]),
    };
    const result = await runBackup(site, request);
    const without = withoutLines(site);
    const data = { ...toData(result), detached: [...detachments(site).keys()] };
    return { kind: 'Backup', data, text: [...without, backupText(result)].join('\n'), exit: result.exit };
  });
}

/** A person detached it, so it is no failure; each backup names it, so that nobody forgets it. */
function withoutLines(site: Site): string[] {
  return [...detachments(site)].map(
    ([id, each]) => `${id}: ${detachedFact(each)}; to take it back: ${wayBack(id, each)}`,
  );
}

async function dryRun(site: Site, options: BackupOptions): Promise<CommandResult> {
  const [{ selectForBackup }, { engineRepositories }] = await Promise.all([
    import('../../recovery/backup/select.ts'),
    import('../../recovery/config/repositories.ts'),
  ]);
  const selection = selectForBackup(site.plan, site.environment, options.kind, options.only);
  const repositories =
    options.repository.length > 0
      ? options.repository.map((id) => site.repository(id).id)
      : engineRepositories(site).map(({ id }) => id);
  const rows = selection.workloads.map((w) => [w.id, w.type, w.tier, repositories.join(', ')]);
  const missing =
    selection.unconfigured.length === 0 ? '' : `\nnot configured in ${site.file}: ${selection.unconfigured.join(', ')}`;
  return {
    kind: 'Backup',
    data: {
      dryRun: true,
      workloads: selection.workloads.map((w) => w.id),
      repositories,
      unconfigured: selection.unconfigured,
    },
    text: `${table(['workload', 'type', 'tier', 'to'], rows)}${missing}`,
  };
}

function backupText(result: BackupResult): string {
  const rows = result.workloads.map((outcome) => {
    const capture = [...outcome.captures.values()][0];
    const name =
      capture === undefined ? '-' : capture.engine === 'pgbackrest' ? capture.set : capture.snapshot.slice(0, 8);
    const beside = capture === undefined ? 0 : notCopied(capture).length;
    const whole = beside === 0 ? 'ok' : `ok, ${beside} not copied`;
    const state = outcome.error ? `failed: ${outcome.error.fact.split('\n')[0]}` : whole;
    return [
      outcome.workload,
      state,
      name,
      formatBytes(capture?.bytes ?? 0),
      formatDuration(outcome.seconds),
      [...outcome.captures.keys()].join(', '),
    ];
  });
  const beside = result.workloads.flatMap(({ workload, captures }) => {
    const [capture] = captures.values();
    return capture === undefined ? [] : notCopied(capture).map((line) => `not copied: ${workload}: ${line}`);
  });
  const down = result.repositories.flatMap((r) =>
    r.error ? [`${r.id}: ${r.error.message}\n  hint: ${r.error.hint}`] : [],
  );
  const held = Object.keys(result.points);
  const failed = result.workloads.flatMap(({ workload, error }) =>
    error ? [`${workload}: ${error.message}\n  hint: ${error.hint}`] : [],
  );
  const lacks = failed.length === 0 ? '' : `; it lacks ${plural(failed.length, 'workload')}`;
  const verdict =
    held.length === 0
      ? `no recovery point was written`
      : `recovery point ${result.runId} in ${held.join(', ')}${lacks}`;
  const missing =
    result.unconfigured.length === 0
      ? []
      : [
          `${plural(result.unconfigured.length, 'workload')} of the plan not configured here: ${result.unconfigured.join(', ')}`,
        ];
  const warnings = result.warnings.map((warning) => `WARNING ${warning}`);
  return [
    table(['workload', 'state', 'copy', 'size', 'took', 'in'], rows),
    ...failed,
    ...beside,
    ...down,
    ...missing,
    ...warnings,
    verdict,
  ].join('\n');
}

/** What `-o json` shows: errors as facts, maps as objects. */
function toData(result: BackupResult) {
  const failure = (error: { code: string; fact: string; hint: string } | undefined) =>
    error ? { error: { code: error.code, fact: error.fact, hint: error.hint } } : {};
  return {
    runId: result.runId,
    pointKind: result.kind,
    startedAt: result.startedAt,
    endedAt: result.endedAt,
    points: Object.fromEntries(Object.entries(result.points).map(([id, point]) => [id, point.id])),
    workloads: result.workloads.map((w) => ({
      workload: w.workload,
      seconds: w.seconds,
      captures: Object.fromEntries(w.captures),
      notCopied: [...w.captures.values()].slice(0, 1).flatMap(notCopied),
      ...failure(w.error),
    })),
    repositories: result.repositories.map((r) => ({ id: r.id, ...failure(r.error) })),
    unconfigured: result.unconfigured,
    warnings: result.warnings,
  };
}

export const declare = siteCommand({ declare: declaration, run: backup });
