/** `dr failback`: the site that was failed over from returns, as a standby first, then as the primary site. */
import { Command, Option } from '@commander-js/extra-typings';
import { EXIT } from '../../recovery/core/errors.ts';
import type { Confirmation } from '../../recovery/core/progress.ts';
import type { FailbackReport, FailbackRequest, RecloneReport } from '../../recovery/failover/failback/types.ts';
import type { FailoverPorts } from '../../recovery/failover/ports.ts';
import type { FailoverReport } from '../../recovery/failover/types.ts';
import { type CommandContext, type CommandResult, freeCommand, type OptionsOf } from '../command.ts';
import { confirmOption, dryRunOption, examples } from '../flags.ts';

const declaration = () =>
  new Command('failback')
    .description(
      'Return to a site that was failed over from: re-clone it as a standby of the new primary, then, without loss, promote it.',
    )
    .requiredOption('--stack <name>', 'the stack that returns')
    .requiredOption('--of <name>', 'the stack that is the primary now')
    .addOption(
      new Option('--phase <phase>', 'only this part (default: both, one after the other)').choices([
        'reseed',
        'switchover',
      ]),
    )
    .option(
      '--repository <id>',
      'where it follows the primary from (default: its first in S3 that holds a full backup of it)',
    )
    .option('--delete-claims', 'delete the volumes of the former generation; they are listed before', false)
    .addOption(dryRunOption())
    .addOption(confirmOption('the name of the stack that returns'))
    .addHelpText(
      'after',
      examples(
        'dr failback --stack production --of dr --dry-run',
        'dr failback --stack production --of dr --phase reseed --delete-claims --confirm production',
        'dr failback --stack production --of dr --phase switchover --confirm production',
        'dr failback --stack dr --of production --phase reseed --delete-claims --confirm dr',
      ),
    );

type FailbackOptions = OptionsOf<typeof declaration>;

const wants = ({ phase }: FailbackOptions, each: 'reseed' | 'switchover'): boolean =>
  phase === undefined || phase === each;

async function failback(options: FailbackOptions, context: CommandContext): Promise<CommandResult> {
  const { openTakeover } = await import('../takeover.ts');
  const { stack, of, repository, deleteClaims } = options;
  const request: FailbackRequest = { stack, of, repository, deleteClaims };
  const ports = await openTakeover(context);
  if (options.dryRun)
    return wants(options, 'reseed') ? planReclone(ports, request) : planSwitch(ports, request, context);
  const { isUnfinished } = await import('../../recovery/failover/run.ts');
  // A switchover that was interrupted has stopped the primary: there is nothing to follow until it has resumed.
  const reclones = wants(options, 'reseed') && !(await isUnfinished(ports, stack));
  const recloned = reclones ? await reclone(ports, request) : undefined;
  const switched = wants(options, 'switchover') ? await switchBack(ports, request, context) : undefined;
  return resultOf(request, recloned, switched);
}

/** What the first phase would do. */
async function planReclone(ports: FailoverPorts, request: FailbackRequest): Promise<CommandResult> {
  const [{ planReclone, recloneRefusals }, { reclonePlanText }, { plannedResult }] = await Promise.all([
    import('../../recovery/failover/failback/plan.ts'),
    import('../../recovery/failover/failback/text.ts'),
    import('../takeover.ts'),
  ]);
  const plan = await planReclone(ports, request);
  const refusals = recloneRefusals(plan, request);
  return plannedResult({ kind: 'FailbackPlan', plan, text: reclonePlanText(plan), refusals });
}

async function reclone(ports: FailoverPorts, request: FailbackRequest): Promise<RecloneReport> {
  const [{ planReclone, recloneRefusals }, { reclone }, { reclonePlanText }] = await Promise.all([
    import('../../recovery/failover/failback/plan.ts'),
    import('../../recovery/failover/failback/reclone.ts'),
    import('../../recovery/failover/failback/text.ts'),
  ]);
  const plan = await planReclone(ports, request);
  const [refusal] = recloneRefusals(plan, request);
  if (refusal !== undefined) throw refusal;
  const gone =
    plan.claims.length === 0
      ? 'No volume is deleted.'
      : `${plan.claims.join(', ')} in ${plan.namespace} are DELETED, with all data that only they hold.`;
  // A volume that is empty already has nothing more to lose.
  if (plan.state === 'to-empty') await ports.confirm({ name: plan.stack, what: [reclonePlanText(plan), gone] });
  return reclone(ports, request, plan);
}

/** What the second phase would do. */
async function planSwitch(
  ports: FailoverPorts,
  request: FailbackRequest,
  { env }: CommandContext,
): Promise<CommandResult> {
  const [{ planSwitchover }, { planText }, { planOf, plannedResult }] = await Promise.all([
    import('../../recovery/failover/failback/switchover.ts'),
    import('../../recovery/failover/text.ts'),
    import('../takeover.ts'),
  ]);
  const { plan, refusals } = await planSwitchover(ports, await planOf(env), request);
  return plannedResult({ kind: 'FailoverPlan', plan, text: planText(plan), refusals });
}

async function switchBack(
  ports: FailoverPorts,
  request: FailbackRequest,
  { env }: CommandContext,
): Promise<FailoverReport> {
  const [{ switchOver }, { planText }, { planOf }] = await Promise.all([
    import('../../recovery/failover/failback/switchover.ts'),
    import('../../recovery/failover/text.ts'),
    import('../takeover.ts'),
  ]);
  return switchOver(ports, await planOf(env), request, (plan) => {
    const services = `The services of ${request.of} stop, and its database with them; ${plan.lineage} takes over once it has all of its data.`;
    const confirmation: Confirmation = { name: plan.stack, what: [planText(plan), services] };
    return ports.confirm(confirmation);
  });
}

async function resultOf(
  { stack, of }: FailbackRequest,
  recloned: RecloneReport | undefined,
  switched: FailoverReport | undefined,
): Promise<CommandResult> {
  const [{ recloneReportText }, { reportText }, { takeoverExit }] = await Promise.all([
    import('../../recovery/failover/failback/text.ts'),
    import('../../recovery/failover/text.ts'),
    import('../takeover.ts'),
  ]);
  const next = [
    ...(switched?.next ?? []),
    switched === undefined
      ? `when you are ready: dr failback --stack ${stack} --of ${of} --phase switchover`
      : `${of} was stopped; to make it the standby again: dr failback --stack ${of} --of ${stack} --phase reseed --delete-claims`,
  ];
  const report: FailbackReport = {
    ...(recloned === undefined ? {} : { reseed: recloned }),
    ...(switched === undefined ? {} : { switchover: { ...switched, next } }),
    next,
  };
  const text = [
    ...(recloned === undefined ? [] : [recloneReportText(recloned)]),
    ...(switched === undefined ? [] : [reportText({ ...switched, next: [] })]),
    ...next.map((line) => `next: ${line}`),
  ].join('\n\n');
  return {
    kind: 'FailbackReport',
    data: report,
    text,
    exit: switched === undefined ? EXIT.ok : takeoverExit(switched),
  };
}

export const declare = freeCommand({ declare: declaration, run: failback });
