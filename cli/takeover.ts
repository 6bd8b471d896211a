/** What `dr failover` and `dr failback` share: both move the primary role from one site to the other. */
import { loadPlan } from '../plan/load.ts';
import type { Plan } from '../plan/types.ts';
import type { DrError, ExitCode } from '../recovery/core/errors.ts';
import { exitFor } from '../recovery/core/exit.ts';
import type { FailoverPorts } from '../recovery/failover/ports.ts';
import type { FailoverReport } from '../recovery/failover/types.ts';
import { openFailoverPorts, operatorState } from '../recovery/failover/wiring.ts';
import type { CommandContext, CommandResult } from './command.ts';
import { planFileOf } from './plan-file.ts';

export function openTakeover(context: CommandContext): Promise<FailoverPorts> {
  return openFailoverPorts(context, stateFolder());
}

/** The operator's: these commands need no environment file. */
export function stateFolder(): string {
  return operatorState({ XDG_STATE_HOME: process.env.XDG_STATE_HOME });
}

/** The site's plan where there is one; otherwise the shipped plan. */
export async function planOf(env: string | undefined): Promise<Plan> {
  return loadPlan(await planFileOf(env));
}

/** A dry run: the plan, and what would refuse it. Exit 6 when something would. */
export function plannedResult(planned: {
  readonly kind: string;
  readonly plan: object;
  readonly text: string;
  readonly refusals: readonly DrError[];
}): CommandResult {
  const { kind, plan, text, refusals } = planned;
  return {
    kind,
    data: { ...plan, refusals: refusals.map(({ code, fact, hint }) => ({ code, fact, hint })) },
    text: [text, ...refusals.map(({ message, hint }) => `${message}\nhint: ${hint}`)].join('\n\n'),
    exit: exitFor({ locked: refusals.length > 0 }),
  };
}

export function takeoverExit({ verification, rto, rpo }: FailoverReport): ExitCode {
  return exitFor({
    verificationFailed: verification.some(({ ok }) => !ok),
    objectiveMissed: !rto.met || !rpo.met,
  });
}
