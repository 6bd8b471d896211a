/** `dr restore --to`: the platform, or some of its workloads, in place. */
import type { Site } from '../../../recovery/config/site.ts';
import { exitFor, gravestOf } from '../../../recovery/core/exit.ts';
import { accountName } from '../../../recovery/core/holder.ts';
import { parseMoment } from '../../../recovery/points/target.ts';
import { recordMeasurements } from '../../../recovery/report/measurements.ts';
import { planRestore, type RestoreOutcome, type RestoreRequest, runRestore } from '../../../recovery/restore/run.ts';
import { describe, describePlan, overwritten, toData } from '../../../recovery/restore/text.ts';
import type { CommandResult, SiteContext } from '../../command.ts';
import { openSite } from '../../open-site.ts';
import { choiceOf } from './choice.ts';
import type { TargetedOptions } from './declaration.ts';
import { saveFirst } from './emergency.ts';

export async function restoreSite(options: TargetedOptions, context: SiteContext): Promise<CommandResult> {
  const site = await openSite(context);
  const request = requestOf(options, site, context);
  if (options.dryRun) return dryRun(site, request);
  const save = () => saveFirst(site, options, context);
  const outcome = await runRestore(site, options.emergencyDump === undefined ? request : { ...request, save });
  await keepMeasurements(site, outcome);
  const { plan, result } = outcome;
  const begins =
    options.backup && result.failures.length === 0 && plan.items.some(({ capture }) => capture.engine === 'pgbackrest');
  const backup = begins ? await firstBackup(site, outcome, context) : undefined;
  return {
    kind: 'Restore',
    data: { ...toData(outcome), ...(backup ? { backup } : {}) },
    text: backup === undefined ? describe(outcome) : `${describe(outcome)}\n${backup.text}`,
    exit: gravestOf([result.exit, exitFor({ partial: backup?.ok === false })]),
  };
}

function requestOf(options: TargetedOptions, site: Site, context: SiteContext): RestoreRequest {
  const now = context.now();
  const { declaredAt } = options;
  return {
    ...choiceOf(options, context, now),
    only: options.only,
    keepGoing: options.keepGoing,
    keepDamaged: options.emergencyDump !== undefined,
    declaredAt: declaredAt === undefined ? now : parseMoment(declaredAt, now, '--declared-at'),
    now: context.now,
    signal: context.signal,
    approve: async (plan) => {
      const what = overwritten(plan);
      if (what.length > 0) await context.confirm({ name: plan.environment, what: [describePlan(plan), ...what] });
    },
    approveFlush: (reason) =>
      context.confirm({
        name: site.environment.name,
        what: [
          reason,
          'the running server may still ship it: write a row into its dr.canary, and archive its last WAL',
        ],
      }),
  };
}

async function dryRun(site: Site, request: RestoreRequest): Promise<CommandResult> {
  const { plan } = await planRestore(site, request);
  const what = overwritten(plan);
  const confirm = what.length === 0 ? '' : `\n${what.join('\n')}\nneeds --confirm ${plan.environment}`;
  return { kind: 'RestorePlan', data: plan, text: `${describePlan(plan)}${confirm}` };
}

async function keepMeasurements(site: Site, { plan, result }: RestoreOutcome): Promise<void> {
  if (result.failures.length > 0) return;
  const what = `restore to ${plan.target} from ${plan.repository}`;
  const lost = result.losses.find(({ workload }) => workload === 'postgres');
  const rpo = lost === undefined ? {} : { rpoSeconds: lost.seconds };
  const begun = Math.min(...result.steps.map(({ startedAt }) => Date.parse(startedAt)));
  const took = (Math.max(...result.steps.map(({ endedAt }) => Date.parse(endedAt))) - begun) / 1000;
  const bytes = result.bytesRestored;
  const rate = bytes > 0 && took > 0 && Number.isFinite(took) ? { bytes, bytesPerSecond: bytes / took } : {};
  const tiers = result.tiers.map((t) => ({
    at: t.readyAt,
    what,
    tier: t.tier,
    rtoSeconds: t.seconds,
    source: 'restore' as const,
    ...rate,
    by: accountName(),
    ...(t.tier === 'P1' ? rpo : {}),
  }));
  await recordMeasurements(site.environment.stateDir, tiers);
}

/**
 * A new lineage without a set can't be restored: a full backup begins it, in every repository that can be reached now. The platform
 * runs before that; a backup that fails is reported and makes the restore partial.
 */
async function firstBackup(
  site: Site,
  outcome: RestoreOutcome,
  context: SiteContext,
): Promise<{ text: string; ok: boolean }> {
  const { progress, now, signal } = context;
  const failed = 'the full backup of the new lineage failed';
  const [{ runInit }, { runBackup }] = await Promise.all([
    import('../../../recovery/backup/init.ts'),
    import('../../../recovery/backup/run.ts'),
  ]);
  try {
    // Whoever restores a site, and goes on with its backups, takes the place of the host that it was restored from.
    await runInit(site, { repositories: [], restart: false, adopt: true, progress, now });
    const result = await runBackup(site, { kind: 'full', only: [], repositories: [], progress, now, signal });
    const held = Object.keys(result.points);
    return held.length === 0
      ? { text: `${failed}: run \`dr backup --kind full\``, ok: false }
      : { text: `recovery point ${result.runId} in ${held.join(', ')}`, ok: true };
  } catch (error) {
    context.log.warn({ error: String(error), restore: outcome.plan.id }, 'first backup');
    const fact = error instanceof Error ? error.message : String(error);
    return { text: `${failed}: ${fact}\n  hint: run \`dr init\`, then \`dr backup --kind full\``, ok: false };
  }
}
