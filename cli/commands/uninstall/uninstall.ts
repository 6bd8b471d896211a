/** `dr uninstall --plan`: what leaving takes away, and the commands for it. It changes nothing, ever. */
import { fileURLToPath } from 'node:url';
import { Command, Option } from '@commander-js/extra-typings';
import { badInput } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import { table } from '../../../recovery/report/table.ts';
import { type Leaving, WITHOUT } from '../../../recovery/setup/leave/leaving.ts';
import { type CommandContext, type CommandResult, freeCommand, type OptionsOf } from '../../command.ts';
import { environmentMissing } from '../../environment-path.ts';
import { examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';
import { unansweredLines } from '../setup/found-text.ts';

const PROGRAM = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

const declaration = () =>
  new Command('uninstall')
    .description('List what leaving this program takes away, what stays, and the commands for it. Changes nothing.')
    .addOption(new Option('--plan', 'list it: the only thing that this command does').default(false))
    .option('--stack <name>', 'leave this stack (default: this host)')
    .addHelpText('after', examples('dr uninstall --plan', 'dr uninstall --plan --stack production -o json'));

type Options = OptionsOf<typeof declaration>;

function check({ plan }: Options): void {
  if (plan) return;
  throw badInput({
    code: 'USAGE',
    where: 'uninstall',
    fact: '--plan is missing: dr removes nothing by itself',
    hint: 'type dr uninstall --plan, and run the commands that it lists',
  });
}

async function leavingStack(stack: string): Promise<Leaving> {
  const [{ openStackEngine }, { leaveStack }] = await Promise.all([
    import('../../../recovery/pulumi/open.ts'),
    import('../../../recovery/setup/leave/stack.ts'),
  ]);
  const opened = await (await openStackEngine()).select(stack);
  const [held, outputs] = await Promise.all([opened.held(), opened.outputs()]);
  return leaveStack({ stack, held, outputs });
}

async function leavingHost({ env, log, signal }: CommandContext): Promise<Leaving> {
  if (env === undefined) throw environmentMissing(process.cwd());
  const { leaveHost } = await import('../../../recovery/setup/leave/host.ts');
  return leaveHost(await openSite({ env, log, signal }), PROGRAM);
}

async function run({ stack }: Options, context: CommandContext): Promise<CommandResult> {
  const leaving = stack === undefined ? await leavingHost(context) : await leavingStack(stack);
  const exit = exitFor({ partial: leaving.unanswered.length > 0 });
  return { kind: 'UninstallPlan', data: leaving, text: leavingText(leaving), exit };
}

function leavingText({ from, goes, stays, steps, reading, unanswered }: Leaving): string {
  const rows = (things: Leaving['goes']) => things.map(({ what, where, why }) => [what, where, why]);
  return [
    `leaving ${from}: nothing is changed by this command`,
    `\n${table(['goes', 'where', 'why'], rows(goes))}`,
    `\n${table(['stays', 'where', 'why'], rows(stays))}`,
    '\nin this order:',
    ...steps.flatMap(({ commands, why }, i) => [`${i + 1}. ${why}`, ...commands.map((line) => `   ${line}`)]),
    `\nto read a copy afterwards, without dr: ${WITHOUT}, with`,
    ...reading.map((line) => `   ${line}`),
    ...unansweredLines(unanswered),
  ].join('\n');
}

export const declare = freeCommand({ declare: declaration, check, run });
