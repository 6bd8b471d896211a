/** `dr restore` */
/** `dr restore`: from a recovery target to a verified platform; `dr unlock`: when a dead one left its lock. */
import { join } from 'node:path';
import { Option } from 'commander';
import { runInit } from '../../recovery/backup/init.ts';
import { runBackup } from '../../recovery/backup/run.ts';
import { openSite, type Site } from '../../recovery/config/site.ts';
import { badInput, DrError, EXIT } from '../../recovery/core/errors.ts';
import { parseMoment, parseTarget } from '../../recovery/points/target.ts';
import { formatBytes, formatTime } from '../../recovery/report/format.ts';
import { recordMeasurements } from '../../recovery/report/measurements.ts';
import { table } from '../../recovery/report/table.ts';
import type { Choice } from '../../recovery/restore/choose-repository.ts';
import { emergencyDump } from '../../recovery/restore/emergency.ts';
import { findDump, restoreLogical } from '../../recovery/restore/logical.ts';
import { planRestore, type RestoreOutcome, type RestoreRequest, runRestore } from '../../recovery/restore/run.ts';
import { describe, describePlan, overwritten, toData } from '../../recovery/restore/text.ts';
import type { RestorePlan } from '../../recovery/workloads/restore-plan.ts';
import type { CommandContext, CommandResult, Declare, Execute, SiteOptions } from '../command.ts';
import { confirmOption, dryRunOption, examples, listOption, onlyOption } from '../flags.ts';

export interface RestoreOptions extends SiteOptions {
  /** `latest`, a point's id or a time with a zone. Only absent with `emergencyDump`. */
  readonly to?: string;
  /** Repository to read from. @default the first in the plan's order that has the target */
  readonly from?: string;
  readonly only: readonly string[];
  readonly dryRun: boolean;
  readonly confirm?: string;
  /** Read a versioned bucket as it was at this time. */
  readonly repositoryTime?: string;
  readonly allowTampered: boolean;
  readonly allowCompromised: boolean;
  /** `schema.table`, from the logical dump. */
  readonly table: readonly string[];
  readonly intoDatabase?: string;
  /** Dump what is still readable first; a folder, or `true` for one below the state directory. */
  readonly emergencyDump?: string | true;
  readonly keepGoing: boolean;
  /** When the disaster was declared: the RTO clock starts here. @default now */
  readonly declaredAt?: string;
  /** Begin the new lineage of PostgreSQL with a full backup, once everything is verified. */
  readonly backup: boolean;
}

function needTarget(options: RestoreOptions): string {
  if (options.to !== undefined) return options.to;
  throw badInput({
    code: 'TARGET-MISSING',
    where: '--to',
    fact: 'is not given',
    hint: 'name what to restore: --to latest, --to POINT, or --to TIME (`dr points` lists them)',
  });
}

/**
 * A new lineage without a set can't be restored: a full backup begins it, in every repository that can be reached now. The platform is
 * back before that; a failure here is told and makes the restore partial.
 */
async function firstBackup(
  site: Site,
  outcome: RestoreOutcome,
  context: CommandContext,
): Promise<{ text: string; ok: boolean }> {
  const { progress, now, signal } = context;
  try {
    await runInit(site, { repositories: [], restart: false, progress, now });
    const result = await runBackup(site, { kind: 'full', only: [], repositories: [], progress, now, signal });
    const held = Object.keys(result.points);
    return held.length === 0
      ? { text: 'the full backup of the new lineage failed: run `dr backup --kind full`', ok: false }
      : { text: `recovery point ${result.runId} in ${held.join(', ')}`, ok: true };
  } catch (error) {
    context.log.warn({ error: String(error), restore: outcome.plan.id }, 'first backup');
    return {
      text: `the full backup of the new lineage failed: ${(error as Error).message}\n  hint: run \`dr init\`, then \`dr backup --kind full\``,
      ok: false,
    };
  }
}

async function remember(site: Site, plan: RestorePlan, outcome: RestoreOutcome): Promise<void> {
  if (outcome.result.failures.length > 0) return;
  const what = `restore to ${plan.target} from ${plan.repository}`;
  const lost = outcome.result.losses.find((loss) => loss.workload === 'postgres');
  const rpo = lost === undefined ? {} : { rpoSeconds: lost.seconds };
  const tiers = outcome.result.tiers.map((t) => ({
    at: t.readyAt,
    what,
    tier: t.tier,
    rtoSeconds: t.seconds,
    source: 'restore' as const,
    ...(t.tier === 'P1' ? rpo : {}),
  }));
  await recordMeasurements(site.environment.stateDir, tiers);
}

async function saveFirst(site: Site, options: RestoreOptions, context: CommandContext): Promise<CommandResult> {
  const stamp = context.now().toISOString().replaceAll(/[-:.]/g, '');
  const folder =
    typeof options.emergencyDump === 'string'
      ? options.emergencyDump
      : join(site.environment.stateDir, 'emergency', stamp);
  if (!folder.startsWith('/'))
    throw badInput({
      code: 'PATH-RELATIVE',
      where: '--emergency-dump',
      fact: `"${folder}" is a relative path`,
      hint: 'give the whole path, on a disk with room',
    });
  if (options.dryRun) {
    const text = `would save what can still be read of the database into ${folder}`;
    return { kind: 'EmergencyDump', data: { dryRun: true, folder }, text };
  }
  const result = await emergencyDump(site, folder, context.progress);
  const rows = result.tables.map((t) => [t.table, t.state, formatBytes(t.bytes), t.error ?? '']);
  const text = `${table(['table', 'state', 'size', 'error'], rows)}\nsaved in ${result.folder} (schema: ${result.schema ? 'yes' : 'no'}, roles: ${result.globals ? 'yes' : 'no'})`;
  return { kind: 'EmergencyDump', data: result, text, exit: result.exit };
}

async function fromDump(site: Site, options: RestoreOptions, context: CommandContext): Promise<CommandResult> {
  const now = context.now();
  const other = options.only.find((id) => id !== 'postgres-dump');
  if (other !== undefined)
    throw badInput({
      code: 'USAGE',
      where: '--only',
      fact: `"${other}" can’t go into a database`,
      hint: 'leave out --only, or --into-database',
    });
  const targetText = needTarget(options);
  const stamp = now.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  const database = options.intoDatabase ?? `dr_restored_${stamp}`;
  const request = { ...choiceOf(options, context, now, targetText), tables: options.table, database };
  if (options.dryRun) {
    const dump = await findDump(site, request);
    const what = options.table.length === 0 ? 'all tables' : options.table.join(', ');
    const place = `the dump of ${formatTime(dump.capture.capturedAt)} (${dump.point} in ${dump.repository.id})`;
    const data = { dryRun: true, database, tables: options.table, repository: dump.repository.id, point: dump.point };
    return { kind: 'LogicalRestore', data, text: `would restore ${what} of ${place} into database ${database}` };
  }
  const result = await restoreLogical(site, request);
  const rows = result.tables.map((t) => [t.table, String(t.rows)]);
  const notes = [
    ...result.notes,
    ...(result.grants ? [] : ['permissions (GRANT) are not restored: tables alone, or roles that are not here']),
  ];
  const text = [
    table(['table', 'rows'], rows),
    ...notes.map((note) => `note: ${note}`),
    `in database ${database}, as of ${formatTime(result.capturedAt)} (${result.point} in ${result.repository})`,
  ].join('\n');
  return { kind: 'LogicalRestore', data: result, text };
}

function choiceOf(options: RestoreOptions, context: CommandContext, now: Date, targetText: string): Choice {
  const { repositoryTime } = options;
  return {
    target: parseTarget(targetText, now),
    targetText,
    from: options.from,
    ...(repositoryTime === undefined ? {} : { repositoryTime: parseMoment(repositoryTime, now, '--repository-time') }),
    allowTampered: options.allowTampered,
    allowCompromised: options.allowCompromised,
    now,
    progress: context.progress,
    signal: context.signal,
  };
}

export const restoreCommand: Execute<RestoreOptions> = async (options, context) => {
  const site = await openSite(options.env, context.log);
  if (options.emergencyDump !== undefined && options.to === undefined) return saveFirst(site, options, context);
  if (options.table.length > 0 || options.intoDatabase !== undefined) return fromDump(site, options, context);
  const now = context.now();
  const targetText = needTarget(options);
  const request: RestoreRequest = {
    ...choiceOf(options, context, now, targetText),
    only: options.only,
    keepGoing: options.keepGoing,
    declaredAt: options.declaredAt === undefined ? now : parseMoment(options.declaredAt, now, '--declared-at'),
    now: context.now,
    signal: context.signal,
    approve: async (plan) => {
      const what = overwritten(plan);
      if (what.length > 0) await context.confirm({ name: plan.environment, what: [describePlan(plan), ...what] });
    },
  };
  if (options.dryRun) {
    const { plan } = await planRestore(site, request, { flush: false });
    const what = overwritten(plan);
    const confirm = what.length === 0 ? '' : `\n${what.join('\n')}\nneeds --confirm ${plan.environment}`;
    return { kind: 'RestorePlan', data: plan, text: `${describePlan(plan)}${confirm}` };
  }
  if (options.emergencyDump !== undefined) {
    const saved = await saveFirst(site, options, context).catch((error: unknown) => {
      if (!(error instanceof DrError) || error.exit === EXIT.usage) throw error;
      return error;
    });
    context.log.info({ result: saved instanceof DrError ? saved.message : saved.text }, 'emergency dump');
  }
  const outcome = await runRestore(site, request);
  await remember(site, outcome.plan, outcome);
  const begins =
    options.backup &&
    outcome.result.failures.length === 0 &&
    outcome.plan.items.some((i) => i.capture.engine === 'pgbackrest');
  const backup = begins ? await firstBackup(site, outcome, context) : undefined;
  const exit = backup?.ok === false && outcome.result.exit === EXIT.ok ? EXIT.partial : outcome.result.exit;
  const text = backup === undefined ? describe(outcome) : `${describe(outcome)}\n${backup.text}`;
  return { kind: 'Restore', data: { ...(toData(outcome) as object), ...(backup ? { backup } : {}) }, text, exit };
};

const NO_TARGET = 'say what to restore: --to latest, --to 20261123T020000Z-full-7f3a or --to 2026-11-23T01:59:00Z';

interface Typed {
  readonly to?: string;
  readonly latest?: boolean;
  readonly from?: string;
  readonly emergencyDump?: string | true;
  readonly table: readonly string[];
  readonly only: readonly string[];
}

function misuse(fact: string, hint: string): Error {
  return badInput({ code: 'USAGE', where: 'restore', fact, hint });
}

/** What can be told from the flags alone. */
function checkRestore(typed: Typed): void {
  if (typed.latest && typed.to !== undefined) {
    throw misuse(`--latest and --to ${typed.to} name two targets`, 'leave out one: `dr restore --to latest`');
  }
  if (typed.latest) throw misuse('--latest is no flag of its own', 'type `dr restore --to latest`');
  if (typed.to?.trim() === '') throw misuse('--to is empty', NO_TARGET);
  if (typed.to === undefined && typed.emergencyDump === undefined) throw misuse('no recovery target', NO_TARGET);
  const badTable = typed.table.find((name) => !/^[^.\s]+\.[^.\s]+$/.test(name));
  if (badTable !== undefined) {
    throw misuse(
      `--table "${badTable}" has no schema`,
      `type --table public.${badTable.replaceAll(/[^\w]/g, '') || 'orders'}`,
    );
  }
  if (typed.table.length > 0 && typed.only.length > 0) {
    throw misuse('--table and --only can’t be combined', 'a table comes from the logical dump; leave out --only');
  }
}

export const declareRestore: Declare = (program, action) => {
  const command = program
    .command('restore')
    .description(
      'Restore the platform, or a part of it, to a recovery target: plan, preflight, execute, verify, report.',
    )
    .option(
      '--to <target>',
      'latest, a point’s id, or a time with a zone; required unless --emergency-dump stands alone',
    )
    .addOption(new Option('--latest').hideHelp())
    .option('--from <repository>', 'repository to read (default: the first of the plan that has the target)')
    .addOption(onlyOption())
    .addOption(dryRunOption())
    .addOption(confirmOption('the environment’s name, to overwrite what is there'))
    .option('--repository-time <time>', 'read a versioned bucket as it was at this time')
    .option('--allow-tampered', 'take a point whose signature or chain is broken', false)
    .option('--allow-compromised', 'take a point that is marked compromised', false)
    .addOption(
      listOption('--table <schema.table>', 'only this table, from the logical dump; repeat for several', 'none'),
    )
    .option('--into-database <name>', 'with --table: restore beside the live data (default: a new database)')
    .option(
      '--emergency-dump [folder]',
      'first dump what is still readable (default folder: below the state directory)',
    )
    .option('--keep-going', 'a workload that fails doesn’t stop the others (exit 3)', false)
    .option('--declared-at <time>', 'when the disaster was declared; the RTO clock starts there (default: now)')
    .option('--no-backup', 'leave out the full backup with which the new lineage of PostgreSQL begins')
    .action((...given: unknown[]) => {
      checkRestore(given[0] as Typed);
      return action(async () => (await import('./restore.ts')).restoreCommand)(...given);
    });
  examples(command, [
    'dr restore --to latest --dry-run',
    'dr restore --to latest --from secondary --confirm production',
    'dr restore --to 2026-11-23T01:59:00Z --only postgres',
    'dr restore --to latest --table public.orders --into-database rescued',
    'dr restore --emergency-dump /root/emergency',
  ]);
};
