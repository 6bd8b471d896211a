/** `dr restore` */
import { join } from 'node:path';
import { runInit } from '../backup/init.ts';
import { runBackup } from '../backup/run.ts';
import { openSite, type Site } from '../config/site.ts';
import { badInput, DrError, EXIT } from '../core/errors.ts';
import { parseMoment, parseTarget } from '../points/target.ts';
import { formatBytes, formatTime } from '../report/format.ts';
import { recordMeasurements } from '../report/measurements.ts';
import { table } from '../report/table.ts';
import type { Choice } from '../restore/choose-repository.ts';
import { emergencyDump } from '../restore/emergency.ts';
import { findDump, restoreLogical } from '../restore/logical.ts';
import { planRestore, type RestoreOutcome, type RestoreRequest, runRestore } from '../restore/run.ts';
import { describe, describePlan, overwritten, toData } from '../restore/text.ts';
import type { RestorePlan } from '../workloads/restore-plan.ts';
import type { CommandContext, CommandResult, Execute, RestoreOptions } from './command.ts';

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
    const { plan } = await planRestore(site, request, false);
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
    options.backup && outcome.result.failures.length === 0 && outcome.plan.items.some((i) => i.type === 'postgres');
  const backup = begins ? await firstBackup(site, outcome, context) : undefined;
  const exit = backup?.ok === false && outcome.result.exit === EXIT.ok ? EXIT.partial : outcome.result.exit;
  const text = backup === undefined ? describe(outcome) : `${describe(outcome)}\n${backup.text}`;
  return { kind: 'Restore', data: { ...(toData(outcome) as object), ...(backup ? { backup } : {}) }, text, exit };
};
