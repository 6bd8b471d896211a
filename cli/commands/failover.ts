/** `dr failover` */
/** `dr failover` and `dr failback`: which site leads. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Duration, durationProblem, formatDuration, seconds } from '../../plan/duration.ts';
import { loadPlan } from '../../plan/load.ts';
import type { Plan } from '../../plan/types.ts';
import { readEnvironment } from '../../recovery/config/environment-file.ts';
import { badInput, EXIT, type ExitCode } from '../../recovery/core/errors.ts';
import type { Confirmation } from '../../recovery/core/progress.ts';
import { failOver, lookAtFailover } from '../../recovery/failover/run.ts';
import { planText, reportText } from '../../recovery/failover/text.ts';
import type { FailoverPlan, FailoverReport, FailoverRequest } from '../../recovery/failover/types.ts';
import { openPorts, operatorState } from '../../recovery/failover/wiring.ts';
import { parseMoment } from '../../recovery/points/target.ts';
import { envelope, toJson } from '../../recovery/report/output.ts';
import type { Declare, Execute, MaybeSiteOptions } from '../command.ts';
import { confirmOption, dryRunOption, examples } from '../flags.ts';

export interface FailoverOptions extends MaybeSiteOptions {
  /** That becomes the leader. */
  readonly stack: string;
  /** Context of the cluster of the site that is followed. */
  readonly oldContext?: string;
  readonly oldKubeconfig?: string;
  readonly oldNamespace: string;
  readonly oldRecoveryNamespace: string;
  /** As typed: `5m`. @default the RPO of the database */
  readonly maxLoss?: string;
  readonly allowUnfenced: boolean;
  /** When the other site went away, as typed. @default now */
  readonly declaredAt?: string;
  readonly dryRun: boolean;
  readonly confirm?: string;
  /** Folder for the report. @default none is written */
  readonly report?: string;
}

function lossOf(text: string): number {
  const problem = durationProblem(text);
  if (problem === undefined) return seconds(text as Duration);
  const hint = 'write a number and a unit, as in "5m" or "1h"';
  throw badInput({ code: 'MAX-LOSS', where: '--max-loss', fact: problem, hint });
}

/** Pure, but for the time. Throws exit 2. */
export function requestOf(options: FailoverOptions, now: Date): FailoverRequest {
  const { stack, oldContext, oldKubeconfig, oldNamespace, oldRecoveryNamespace, allowUnfenced } = options;
  if (oldKubeconfig !== undefined && oldContext === undefined) {
    const fact = `"${oldKubeconfig}" is given without a context: its current one is never used`;
    const hint = `add --old-context; kubectl --kubeconfig ${oldKubeconfig} config get-contexts lists them`;
    throw badInput({ code: 'USAGE', where: '--old-kubeconfig', fact, hint });
  }
  const kubeconfig = oldKubeconfig === undefined ? undefined : { path: resolve(oldKubeconfig) };
  return {
    stack,
    old:
      oldContext === undefined
        ? undefined
        : {
            cluster: { context: oldContext, kubeconfig },
            platform: oldNamespace,
            recovery: oldRecoveryNamespace,
          },
    maxLossSeconds: options.maxLoss === undefined ? undefined : lossOf(options.maxLoss),
    declaredAt: options.declaredAt === undefined ? undefined : parseMoment(options.declaredAt, now, '--declared-at'),
    allowUnfenced,
  };
}

/** That of the site where there is one; the shipped one has the same objectives unless somebody wrote others. */
export async function planOf(env: string | undefined): Promise<Plan> {
  return loadPlan(env === undefined ? undefined : (await readEnvironment(env)).plan);
}

function confirmation(seen: FailoverPlan): Confirmation {
  const lost = seen.loss.seconds === 0 ? 'nothing' : `at most ${formatDuration(seen.loss.seconds)} of commits`;
  const stop =
    seen.oldCluster.state === 'reached'
      ? `${seen.oldCluster.found.pods.length} pods of ${seen.follows.lineage} are stopped in ${seen.oldCluster.found.describe}.`
      : `${seen.follows.lineage} is NOT stopped: it must be down already, or there are two leaders.`;
  return {
    name: seen.stack,
    what: [
      planText(seen),
      stop,
      `${seen.lineage} becomes the leader; ${lost} would be lost. There is no way back but a failback.`,
    ],
  };
}

async function keepReport(folder: string, report: FailoverReport): Promise<string> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true });
  const file = join(path, 'failover-report.json');
  await writeFile(file, `${toJson(envelope('FailoverReport', report))}\n`);
  await writeFile(join(path, 'failover-report.txt'), `${reportText(report)}\n`);
  return file;
}

export function exitOf({ verification, rto, rpo }: FailoverReport): ExitCode {
  if (verification.some(({ ok }) => !ok)) return EXIT.verificationFailed;
  return rto.met && rpo.met ? EXIT.ok : EXIT.objectiveMissed;
}

export const failoverCommand: Execute<FailoverOptions> = async (options, context) => {
  const request = requestOf(options, context.now());
  const plan = await planOf(options.env);
  const ports = await openPorts(context, operatorState({ XDG_STATE_HOME: process.env.XDG_STATE_HOME }));
  if (options.dryRun) {
    const { plan: seen, refusals } = await lookAtFailover(ports, plan, request);
    const refused = refusals.map(({ code, fact, hint }) => ({ code, fact, hint }));
    const text = [planText(seen), ...refusals.map(({ message, hint }) => `${message}\nhint: ${hint}`)].join('\n\n');
    return {
      kind: 'FailoverPlan',
      data: { ...seen, refusals: refused },
      text,
      exit: refusals.length > 0 ? EXIT.locked : EXIT.ok,
    };
  }
  const report = await failOver(ports, plan, request, (seen) => ports.confirm(confirmation(seen)));
  const file = options.report === undefined ? undefined : await keepReport(options.report, report);
  const text = [reportText(report), ...(file === undefined ? [] : [`report: ${file}`])].join('\n');
  return { kind: 'FailoverReport', data: report, text, exit: exitOf(report) };
};

export const declareFailover: Declare = (program, action) => {
  const command = program
    .command('failover')
    .description('Let the standby of a stack take over: look at both sites, fence the old leader, promote, verify.')
    .requiredOption('--stack <name>', 'the stack of the standby')
    .option('--old-context <context>', 'context of the old leader’s cluster, to stop it there; never the current one')
    .option('--old-kubeconfig <file>', 'where that context is (default: ~/.kube/config)')
    .option('--old-namespace <name>', 'namespace of the old leader', 'go-coffee')
    .option('--old-recovery-namespace <name>', 'namespace of its CronJobs', 'go-coffee-dr')
    .option('--max-loss <duration>', 'most that may be lost, e.g. 5m (default: the RPO of the database)')
    .option('--allow-unfenced', 'take over although the old leader can’t be stopped from here', false)
    .option('--declared-at <time>', 'when the old site went away; the RTO clock starts there (default: now)')
    .option('--report <dir>', 'write the report there too')
    .addOption(dryRunOption())
    .addOption(confirmOption('the stack’s name'))
    .action(
      action(async () => (await import('./failover.ts')).failoverCommand, {
        needsSite: false,
      }),
    );
  examples(command, [
    'dr failover --stack dr --dry-run',
    'dr failover --stack dr --old-context go-coffee-us-east-1 --confirm dr',
    'dr failover --stack dr --allow-unfenced --declared-at 2026-11-23T01:59:00Z --report ./failover',
  ]);
};
