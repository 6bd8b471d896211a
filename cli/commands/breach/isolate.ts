/** `dr isolate`: cut the platform off while an intruder may be in it. */
import { Command } from '@commander-js/extra-typings';
import { exitFor } from '../../../recovery/core/exit.ts';
import {
  type CommandContext,
  type CommandResult,
  type OptionsOf,
  type SiteContext,
  siteOrStackCommand,
} from '../../command.ts';
import { confirmOption, dryRunOption, examples, listOption } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('isolate')
    .description(
      'Cut the platform off: services stop, and database and network let in nobody but the team. Can be undone.',
    )
    .option('--stack <name>', 'the platform of this stack (default: this host)')
    .addOption(listOption('--team <role>', 'role of the database, or user of Redis, that stays', 'dr’s own'))
    .option('--undo', 'give back everything that an isolation took', false)
    .addOption(dryRunOption())
    .addOption(confirmOption('the environment’s or the stack’s name'))
    .addHelpText(
      'after',
      examples(
        'dr isolate --dry-run',
        'dr isolate --team forensics --confirm production',
        'dr isolate --stack production --confirm production',
        'dr isolate --undo --confirm production',
      ),
    );

type Options = OptionsOf<typeof declaration>;

/** Exit 3: something stays open; it is named. */
async function isolate({ team, undo, dryRun }: Options, context: SiteContext): Promise<CommandResult> {
  const [host, hostUndo, text] = await Promise.all([
    import('../../../recovery/isolate/host.ts'),
    import('../../../recovery/isolate/host-undo.ts'),
    import('../../../recovery/isolate/text.ts'),
  ]);
  const site = await openSite(context);
  const { name } = site.environment;
  const question = { team, now: context.now, progress: context.progress };
  if (undo) {
    const { acts } = await hostUndo.planHostUndo(site);
    const what = acts.map(({ title }) => `- ${title}`);
    if (dryRun) return { kind: 'Isolation', data: { dryRun, undo, acts }, text: what.join('\n') };
    await context.confirm({ name, what });
    const undone = await hostUndo.undoHostIsolation(site, question);
    const exit = exitFor({ partial: undone.gaps.length > 0 });
    return { kind: 'Isolation', data: { dryRun, undo, ...undone }, text: text.undoText(undone), exit };
  }
  const plan = await host.planHostIsolation(site, question);
  const lines = text.isolationPlanLines(plan);
  const planned = exitFor({ partial: plan.gaps.length > 0 });
  if (dryRun) return { kind: 'Isolation', data: { dryRun, undo, ...plan }, text: lines.join('\n'), exit: planned };
  await context.confirm({ name, what: lines });
  const report = await host.isolateHost(site, question);
  return {
    kind: 'Isolation',
    data: { dryRun, undo, ...report },
    text: text.isolationText(report, 'dr isolate --undo'),
    exit: exitFor({ partial: report.gaps.length > 0 }),
  };
}

async function isolateOfStack(
  { stack, team, undo, dryRun }: Options & { stack: string },
  context: CommandContext,
): Promise<CommandResult> {
  const [
    { openTakeover },
    { readStack },
    { openClusterAccess },
    { openSiteCluster },
    { openNamespaceGate },
    work,
    text,
  ] = await Promise.all([
    import('../../takeover.ts'),
    import('../../../recovery/failover/stack.ts'),
    import('../../../recovery/kubernetes/location.ts'),
    import('../../../recovery/kubernetes/change.ts'),
    import('../../../recovery/kubernetes/isolation/namespace.ts'),
    import('../../../recovery/isolate/stack.ts'),
    import('../../../recovery/isolate/text.ts'),
  ]);
  const { cluster: place, outputs } = await readStack((await openTakeover(context)).engine, stack);
  const access = await openClusterAccess(place);
  const { progress, signal, now } = context;
  const request = {
    cluster: openSiteCluster(access, signal),
    gate: openNamespaceGate(access, signal),
    namespaces: outputs.namespaces,
    team,
    progress,
    signal,
    now,
  };
  if (undo) {
    const what = [`${access.describe}: everything that an isolation took from ${stack} comes back`];
    if (dryRun) return { kind: 'Isolation', data: { dryRun, undo, stack }, text: what.join('\n') };
    await context.confirm({ name: stack, what });
    const undone = await work.undoStackIsolation(request);
    const exit = exitFor({ partial: undone.gaps.length > 0 });
    return { kind: 'Isolation', data: { dryRun, undo, stack, ...undone }, text: text.undoText(undone), exit };
  }
  const plan = await work.planStackIsolation(request);
  const lines = text.isolationPlanLines(plan);
  const planned = exitFor({ partial: plan.gaps.length > 0 });
  if (dryRun)
    return { kind: 'Isolation', data: { dryRun, undo, stack, ...plan }, text: lines.join('\n'), exit: planned };
  await context.confirm({ name: stack, what: [access.describe, ...lines] });
  const report = await work.isolateStack(request);
  return {
    kind: 'Isolation',
    data: { dryRun, undo, stack, ...report },
    text: text.isolationText(report, `dr isolate --stack ${stack} --undo`),
    exit: exitFor({ partial: report.gaps.length > 0 }),
  };
}

export const declare = siteOrStackCommand({ declare: declaration, run: isolate, runForStack: isolateOfStack });
