/** `dr harden`: the plan's pod security for namespaces that were there before the stack. */
import { Command } from '@commander-js/extra-typings';
import { badInput } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { NamespaceOffer, Undone } from '../../../recovery/harden/harden.ts';
import { plural } from '../../../recovery/report/format.ts';
import { type CommandContext, type CommandResult, freeCommand, type OptionsOf } from '../../command.ts';
import { confirmOption, dryRunOption, examples } from '../../flags.ts';

const declaration = () =>
  new Command('harden')
    .description('Offer the plan’s pod security to namespaces that are there, and say first what it would break.')
    .requiredOption('--stack <name>', 'the stack beside the platform')
    .option('--namespace <names...>', 'only these (default: all of the platform that the stack does not own)')
    .option('--undo', 'go back to the levels that were there before', false)
    .addOption(dryRunOption())
    .addOption(confirmOption('the stack’s name'))
    .addHelpText(
      'after',
      examples(
        'dr harden --stack production --dry-run',
        'dr harden --stack production --namespace shop --confirm production',
        'dr harden --stack production --undo --confirm production',
      ),
    );

type Options = OptionsOf<typeof declaration>;

const WORDS = {
  strict: 'is as strict as the plan already',
  enforce: 'no pod of today breaks the level restricted: it is enforced',
  warn: 'the level restricted is warned of and recorded, not enforced',
} as const satisfies Record<NamespaceOffer['offer'], string>;

function linesOf({ namespace, level, breaks, unclear, offer }: NamespaceOffer): string[] {
  return [
    `${namespace}: enforces ${level ?? 'what the cluster has as a default'}; ${WORDS[offer]}`,
    ...(breaks.length === 0 ? [] : ['  what would not start again under it:', ...breaks.map((line) => `  - ${line}`)]),
    ...(unclear === undefined ? [] : [`  the server could not tell of all pods: ${unclear}`]),
  ];
}

const undoneLine = ({ namespace, levels }: Undone): string =>
  levels === undefined
    ? `${namespace}: dr has changed nothing there`
    : `${namespace}: back to ${levels.enforce === undefined ? 'the cluster’s default' : levels.enforce}`;

const NOT_ASKED = 'Pods that do not run now were not asked. Network policies and quotas stay as they are.';

async function run(options: Options, context: CommandContext): Promise<CommandResult> {
  const { stack, dryRun, undo } = options;
  const [{ openTakeover }, { readStack }, { openClusterAccess }, { openPodSecurity }, hardening] = await Promise.all([
    import('../../takeover.ts'),
    import('../../../recovery/failover/stack.ts'),
    import('../../../recovery/kubernetes/location.ts'),
    import('../../../recovery/kubernetes/pod-security.ts'),
    import('../../../recovery/harden/harden.ts'),
  ]);
  const { cluster: place, outputs } = await readStack((await openTakeover(context)).engine, stack);
  const namespaces = options.namespace ?? outputs.namespaces.existing;
  if (namespaces.length === 0) {
    throw badInput({
      code: 'NOTHING-TO-HARDEN',
      where: `stack ${stack}`,
      fact: 'it owns all of its namespaces, which enforce the level restricted already',
      hint: 'name others with --namespace',
    });
  }
  const cluster = openPodSecurity(await openClusterAccess(place), context.signal);
  if (undo) {
    const what = [`${cluster.describe}: ${namespaces.join(', ')} go back to the pod security of before`];
    if (dryRun) return { kind: 'Hardening', data: { dryRun, undo, namespaces }, text: what.join('\n') };
    await context.confirm({ name: stack, what });
    const undone = await hardening.undoHardening(cluster, namespaces);
    return { kind: 'Hardening', data: { dryRun, undo, undone }, text: undone.map(undoneLine).join('\n') };
  }
  const offers = await hardening.planHardening(cluster, namespaces);
  const lines = [...offers.flatMap(linesOf), NOT_ASKED];
  const changes = offers.filter(({ offer }) => offer !== 'strict');
  if (!dryRun && changes.length > 0) {
    await context.confirm({ name: stack, what: [cluster.describe, ...lines] });
    await hardening.harden(cluster, offers);
    lines.push(`${plural(changes.length, 'namespace')} changed; back: dr harden --stack ${stack} --undo`);
  }
  return {
    kind: 'Hardening',
    data: { dryRun, undo, namespaces: offers },
    text: lines.join('\n'),
    exit: exitFor({ partial: offers.some(({ offer }) => offer === 'warn') }),
  };
}

export const declare = freeCommand({ declare: declaration, run });
