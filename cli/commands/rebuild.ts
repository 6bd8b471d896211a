/** `dr rebuild` */
/** `dr rebuild`: a fresh platform from a recovery point, by the engine of the stacks. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import type { Plan } from '../../plan/types.ts';
import { badInput } from '../../recovery/core/errors.ts';
import { drillEnvironment } from '../../recovery/engines/machine.ts';
import type { ClusterPlace } from '../../recovery/kubernetes/place.ts';
import { pinTarget } from '../../recovery/points/pin/pin.ts';
import { parseMoment, parseTarget } from '../../recovery/points/target.ts';
import { openStackEngine } from '../../recovery/pulumi/open.ts';
import { openDrilledCluster } from '../../recovery/rebuild/data/cluster.ts';
import { dataVerifier } from '../../recovery/rebuild/data/verifier.ts';
import { firstRepository, groundOf } from '../../recovery/rebuild/ground.ts';
import { planRebuild, rebuild } from '../../recovery/rebuild/rebuild.ts';
import { journalFolder } from '../../recovery/rebuild/record.ts';
import { measurementsOf, rebuildReport } from '../../recovery/rebuild/report.ts';
import { parseSettings } from '../../recovery/rebuild/settings.ts';
import { teardown } from '../../recovery/rebuild/teardown.ts';
import { endText, planText } from '../../recovery/rebuild/text.ts';
import type { RebuildPorts, RebuildRequest } from '../../recovery/rebuild/types.ts';
import { renderHtml } from '../../recovery/report/html.ts';
import { recordMeasurements } from '../../recovery/report/measurements.ts';
import { toJson } from '../../recovery/report/output.ts';
import { renderTerminal } from '../../recovery/report/terminal.ts';
import type { CommandContext, CommandResult, Declare, Execute, MaybeSiteOptions } from '../command.ts';
import { confirmOption, dryRunOption, examples, listOption } from '../flags.ts';

export interface RebuildOptions extends MaybeSiteOptions {
  readonly stack: string;
  /** Absent with `teardown`. */
  readonly to?: string;
  /** @default the plan's first in S3 */
  readonly from?: string;
  readonly like?: string;
  /** `key=value`, as typed. */
  readonly set: readonly string[];
  /** Of an escrow file and of an identity that opens it. */
  readonly keys?: string;
  readonly identity?: string;
  readonly only: readonly string[];
  readonly exclude: readonly string[];
  readonly detach: readonly string[];
  readonly rotateSecrets: boolean;
  readonly harden: boolean;
  readonly keepGoing: boolean;
  readonly declaredAt?: string;
  /** Where the reports are written. */
  readonly report: string;
  readonly teardown: boolean;
  readonly dryRun: boolean;
  readonly confirm?: string;
}

function requestOf(options: RebuildOptions, plan: Plan, now: Date): RebuildRequest {
  const { to = '', from, declaredAt } = options;
  parseTarget(to, now);
  return {
    stack: options.stack,
    target: to.trim(),
    repository: from ?? firstRepository(plan),
    ...(options.like === undefined ? {} : { like: options.like }),
    set: parseSettings(options.set),
    only: options.only,
    exclude: options.exclude,
    detach: options.detach,
    rotateSecrets: options.rotateSecrets,
    harden: options.harden,
    isolated: false,
    keepGoing: options.keepGoing,
    ...(declaredAt === undefined ? {} : { declaredAt: parseMoment(declaredAt, now, '--declared-at') }),
  };
}

async function endStack(options: RebuildOptions, ports: RebuildPorts, context: CommandContext): Promise<CommandResult> {
  const { stack } = options;
  const approve = (what: readonly string[]) => context.confirm({ name: stack, what });
  const done = await teardown(stack, { ...ports, approve });
  const text = `stack ${stack} is gone: ${done.deleted} deleted; the repositories are as they were`;
  return { kind: 'Teardown', data: done, text };
}

export const rebuildCommand: Execute<RebuildOptions> = async (options, context) => {
  const now = context.now();
  const { bundle, plan, stateDir } = await groundOf(options, context);
  const request = options.teardown ? undefined : requestOf(options, plan, now);
  const { progress, log, signal, color } = context;
  const ports: RebuildPorts = {
    engine: await openStackEngine({ log }),
    stateDir,
    bundle,
    plan,
    resolve: pinTarget,
    approve: (planned) => context.confirm({ name: options.stack, what: planText(planned).split('\n') }),
    progress,
    log,
    now: context.now,
    signal,
  };
  if (request === undefined) return endStack(options, ports, context);
  if (options.dryRun) {
    const planned = await planRebuild(request, ports);
    return { kind: 'RebuildPlan', data: planned, text: `${planText(planned)}\nneeds --confirm ${request.stack}` };
  }
  const openCluster = (place: ClusterPlace) => openDrilledCluster(place, signal);
  const outcome = await rebuild(request, {
    ...ports,
    ...dataVerifier({ ...ports, openCluster }, { isolated: false }),
  });
  const report = rebuildReport(plan, outcome, await drillEnvironment());
  const folder = resolve(options.report);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'report.json'), `${toJson(report)}\n`);
  await writeFile(join(folder, 'report.html'), renderHtml(report));
  await recordMeasurements(stateDir, measurementsOf(report, outcome));
  const { outputs, failure, ...rest } = outcome;
  const error = failure && { code: failure.code, where: failure.where, fact: failure.fact, hint: failure.hint };
  return {
    exit: report.exit,
    kind: 'Rebuild',
    // Outputs hold the platform's secrets.
    data: { ...rest, ...(error === undefined ? {} : { failure: error }), report },
    text: [
      renderTerminal(report, color),
      `report: ${join(folder, 'report.html')}, ${join(folder, 'report.json')}`,
      endText(outcome, journalFolder(stateDir, request.stack)),
    ].join('\n\n'),
  };
};

interface Typed {
  readonly to?: string;
  readonly teardown: boolean;
  readonly keys?: string;
  readonly identity?: string;
  readonly dryRun: boolean;
}

function misuse(fact: string, hint: string): Error {
  return badInput({ code: 'USAGE', where: 'rebuild', fact, hint });
}

/** What can be told from the flags alone. */
function checkRebuild({ to, teardown, keys, identity, dryRun }: Typed): void {
  if (teardown && to !== undefined) {
    throw misuse('--teardown and --to say two things', 'leave out --to to end the stack, or --teardown to make it');
  }
  if (teardown && dryRun) throw misuse('--teardown has no dry run', 'without --confirm it says what goes, and asks');
  if (!teardown && (to === undefined || to.trim() === '')) {
    const hint = 'type --to latest, --to 20261123T020000Z-full-7f3a or --to 2026-11-23T01:59:00Z';
    throw misuse('no recovery target', hint);
  }
  if (identity !== undefined && keys === undefined) {
    throw misuse('--identity without --keys', 'name the escrow file that it opens: --keys FILE');
  }
}

/** As it was typed: a value may hold commas. */
function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

const NOT_ALL = 'captured objects: Kind, Kind/name, a service or a tier; several: repeat it, or use commas';

export const declareRebuild: Declare = (program, action) => {
  const command = program
    .command('rebuild')
    .description(
      'Rebuild the platform as a fresh stack from a recovery point: resolve, preview, ask, bring up tier by tier, verify, report.',
    )
    .requiredOption('--stack <name>', 'the stack; it is made where it is missing')
    .option('--to <target>', 'latest, a point’s id, or a time with a zone')
    .option('--from <repository>', 'repository to read (default: the plan’s first in S3)')
    .option('--like <stack>', 'copy this stack’s config, and its secrets as far as its state is there')
    .addOption(
      new Option('--set <key=value>', 'a key of the config, e.g. cluster.context=dr-lab; several: repeat it')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--keys <file>', 'an escrow file: repositories, passphrases, credentials, the plan')
    .option('--identity <file>', 'with --keys: file with the AGE-SECRET-KEY of a recipient')
    .addOption(listOption('--only <what>', `nothing but these ${NOT_ALL}`, 'all that was captured'))
    .addOption(listOption('--exclude <what>', `not these ${NOT_ALL}`, 'none'))
    .addOption(
      listOption('--detach <repository>', 'a repository that is away: nothing is written to it for now', 'none'),
    )
    .option('--rotate-secrets', 'new values for what the plan calls rotatable: after a breach', false)
    .option('--harden', 'lay the plan’s additional security measures over what was captured', false)
    .option('--keep-going', 'set aside what fails, and go on with the rest (exit 3)', false)
    .option('--declared-at <time>', 'when the disaster was declared; the RTO clock starts there (default: now)')
    .option('--report <dir>', 'where the reports go', 'rebuild-report')
    .option('--teardown', 'end a stack that a rebuild has made: everything in it, and the stack itself', false)
    .addOption(dryRunOption())
    .addOption(confirmOption('the stack’s name'))
    .action((...given: unknown[]) => {
      checkRebuild(given[0] as Typed);
      const load = async () => (await import('./rebuild.ts')).rebuildCommand;
      return action(load, { needsSite: false })(...given);
    });
  examples(command, [
    'dr rebuild --stack fresh --to latest --from secondary --like production --set cluster.context=eu --dry-run',
    'dr rebuild --stack fresh --to 2026-11-23T01:59:00Z --from primary --like production --confirm fresh',
    'dr rebuild --stack fresh --to latest --from secondary --keys go-coffee.age --identity escrow.key --like production',
    'dr rebuild --stack clean --to 20261123T020000Z-full-7f3a --like production --rotate-secrets --harden',
    'dr rebuild --teardown --stack fresh',
  ]);
};
