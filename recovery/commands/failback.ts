/** `dr failback` */
import { EXIT } from '../core/errors.ts';
import type { Confirmation } from '../core/progress.ts';
import { planReseed, reseedRefusals } from '../failover/failback/plan.ts';
import { reseed } from '../failover/failback/reseed.ts';
import { lookAtSwitchover, switchOver } from '../failover/failback/switchover.ts';
import { reseedReportText, reseedText } from '../failover/failback/text.ts';
import type { FailbackReport, FailbackRequest, ReseedPlan, ReseedReport } from '../failover/failback/types.ts';
import type { FailoverPorts } from '../failover/ports.ts';
import { isUnderWay } from '../failover/run.ts';
import { planText, reportText } from '../failover/text.ts';
import type { FailoverPlan, FailoverReport } from '../failover/types.ts';
import { openPorts, operatorState } from '../failover/wiring.ts';
import type { CommandResult, Execute, FailbackOptions } from './command.ts';
import { exitOf, planOf } from './failover.ts';

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
