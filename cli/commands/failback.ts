/** `dr failback` */
import { Option } from 'commander';
import { EXIT } from '../../recovery/core/errors.ts';
import type { Confirmation } from '../../recovery/core/progress.ts';
import { planReseed, reseedRefusals } from '../../recovery/failover/failback/plan.ts';
import { reseed } from '../../recovery/failover/failback/reclone.ts';
import { lookAtSwitchover, switchOver } from '../../recovery/failover/failback/switchover.ts';
import { reseedReportText, reseedText } from '../../recovery/failover/failback/text.ts';
import type {
  FailbackReport,
  FailbackRequest,
  ReseedPlan,
  ReseedReport,
} from '../../recovery/failover/failback/types.ts';
import type { FailoverPorts } from '../../recovery/failover/ports.ts';
import { isUnderWay } from '../../recovery/failover/run.ts';
import { planText, reportText } from '../../recovery/failover/text.ts';
import type { FailoverPlan, FailoverReport } from '../../recovery/failover/types.ts';
import { openPorts, operatorState } from '../../recovery/failover/wiring.ts';
import type { CommandResult, Declare, Execute, MaybeSiteOptions } from '../command.ts';
import { confirmOption, dryRunOption, examples } from '../flags.ts';
import { exitOf, planOf } from './failover.ts';

export interface FailbackOptions extends MaybeSiteOptions {
  /** That comes back. */
  readonly stack: string;
  /** That leads now. */
  readonly of: string;
  /** @default both, one after the other */
  readonly phase?: 'reseed' | 'switchover';
  /** In S3, that the returning site follows the leader from. @default the first of its own */
  readonly repository?: string;
  /** Leave to delete the volumes of the life that is over. */
  readonly deleteClaims: boolean;
  readonly dryRun: boolean;
  readonly confirm?: string;
}

function reseedConfirmation(plan: ReseedPlan): Confirmation {
  const gone =
    plan.claims.length === 0
      ? 'No volume is deleted.'
      : `${plan.claims.join(', ')} in ${plan.namespace} are DELETED, and what diverged with them.`;
  return { name: plan.stack, what: [reseedText(plan), gone] };
}

function switchConfirmation(plan: FailoverPlan, of: string): Confirmation {
  const services = `The services of ${of} stop, and its database with them; ${plan.lineage} takes over once it has all of it.`;
  return { name: plan.stack, what: [planText(plan), services] };
}

const wants = ({ phase }: FailbackOptions, each: 'reseed' | 'switchover'): boolean =>
  phase === undefined || phase === each;

/** Both phases as far as they can be told before the first one is done. */
async function look(ports: FailoverPorts, options: FailbackOptions, request: FailbackRequest): Promise<CommandResult> {
  if (wants(options, 'reseed')) {
    const plan = await planReseed(ports, request);
    const refusals = reseedRefusals(plan, request);
    const refused = refusals.map(({ message, hint }) => `${message}\nhint: ${hint}`);
    return {
      kind: 'FailbackPlan',
      data: { ...plan, refusals: refusals.map(({ code, fact, hint }) => ({ code, fact, hint })) },
      text: [reseedText(plan), ...refused].join('\n\n'),
      exit: refusals.length > 0 ? EXIT.locked : EXIT.ok,
    };
  }
  const { plan, refusals } = await lookAtSwitchover(ports, await planOf(options.env), request);
  const refused = refusals.map(({ message, hint }) => `${message}\nhint: ${hint}`);
  return {
    kind: 'FailoverPlan',
    data: { ...plan, refusals: refusals.map(({ code, fact, hint }) => ({ code, fact, hint })) },
    text: [planText(plan), ...refused].join('\n\n'),
    exit: refusals.length > 0 ? EXIT.locked : EXIT.ok,
  };
}

async function doReseed(ports: FailoverPorts, request: FailbackRequest): Promise<ReseedReport> {
  const plan = await planReseed(ports, request);
  const [refusal] = reseedRefusals(plan, request);
  if (refusal !== undefined) throw refusal;
  // What is empty already loses nothing more.
  if (plan.state === 'to-empty') await ports.confirm(reseedConfirmation(plan));
  return reseed(ports, request, plan);
}

function nextOf({ stack, of }: FailbackRequest, switched: boolean): string[] {
  return switched
    ? [
        `${of} was stopped; it becomes the standby again by: dr failback --stack ${of} --of ${stack} --phase reseed --delete-claims`,
      ]
    : [`when it suits: dr failback --stack ${stack} --of ${of} --phase switchover`];
}

export const failbackCommand: Execute<FailbackOptions> = async (options, context) => {
  const { stack, of, repository, deleteClaims } = options;
  const request: FailbackRequest = { stack, of, repository, deleteClaims };
  const ports = await openPorts(context, operatorState({ XDG_STATE_HOME: process.env.XDG_STATE_HOME }));
  if (options.dryRun) return look(ports, options, request);
  // A switchover that was interrupted has stopped the leader: there is nothing to follow until it has gone on.
  const seeds = wants(options, 'reseed') && !(await isUnderWay(ports, stack));
  const seeded = seeds ? await doReseed(ports, request) : undefined;
  const switched: FailoverReport | undefined = wants(options, 'switchover')
    ? await switchOver(ports, await planOf(options.env), request, (seen) => ports.confirm(switchConfirmation(seen, of)))
    : undefined;
  const next = nextOf(request, switched !== undefined);
  const report: FailbackReport = {
    ...(seeded === undefined ? {} : { reseed: seeded }),
    ...(switched === undefined ? {} : { switchover: { ...switched, next } }),
    next,
  };
  const text = [
    ...(seeded === undefined ? [] : [reseedReportText(seeded)]),
    ...(switched === undefined ? [] : [reportText({ ...switched, next: [] })]),
    ...next.map((line) => `next: ${line}`),
  ].join('\n\n');
  return { kind: 'FailbackReport', data: report, text, exit: switched === undefined ? EXIT.ok : exitOf(switched) };
};

export const declareFailback: Declare = (program, action) => {
  const phase = new Option('--phase <phase>', 'only this part (default: both, one after the other)').choices([
    'reseed',
    'switchover',
  ]);
  const command = program
    .command('failback')
    .description(
      'Bring a site that was failed over from back: as a standby of the new leader, then, without loss, as the leader.',
    )
    .requiredOption('--stack <name>', 'the stack that comes back')
    .requiredOption('--of <name>', 'the stack that leads now')
    .addOption(phase)
    .option('--repository <id>', 'what it follows the leader from (default: the first in S3 of its own)')
    .option('--delete-claims', 'delete the volumes of the life that is over; they are listed before', false)
    .addOption(dryRunOption())
    .addOption(confirmOption('the name of the stack that comes back'))
    .action(
      action(async () => (await import('./failback.ts')).failbackCommand, {
        needsSite: false,
      }),
    );
  examples(command, [
    'dr failback --stack production --of dr --dry-run',
    'dr failback --stack production --of dr --phase reseed --delete-claims --confirm production',
    'dr failback --stack production --of dr --phase switchover --confirm production',
    'dr failback --stack dr --of production --phase reseed --delete-claims --confirm dr',
  ]);
};
