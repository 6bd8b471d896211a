/** `dr drill` */
/** `dr drill`: build a platform, destroy it, restore it, and compare; or rebuild the real one in quarantine. */
/** `dr drill --on cluster` */
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { CLUSTER_SCENARIO } from '../../drill/cluster/report.ts';
import {
  type ClusterDrillPorts,
  type ClusterDrillRequest,
  planClusterDrill,
  runClusterDrill,
} from '../../drill/cluster/run.ts';
import { drillMeasurements } from '../../drill/report.ts';
import { type DrillResult, runDrill } from '../../drill/run.ts';
import { scenarioOf } from '../../drill/scenarios/all.ts';
import { loadPlan } from '../../plan/load.ts';
import { openSite } from '../../recovery/config/site.ts';
import { badInput, EXIT, type ExitCode } from '../../recovery/core/errors.ts';
import { pinTarget } from '../../recovery/points/pin/pin.ts';
import { parseTarget } from '../../recovery/points/target.ts';
import { openStackEngine } from '../../recovery/pulumi/open.ts';
import { openDrilledCluster } from '../../recovery/rebuild/data/cluster.ts';
import { firstRepository, groundOf } from '../../recovery/rebuild/ground.ts';
import { parseSettings } from '../../recovery/rebuild/settings.ts';
import { planText } from '../../recovery/rebuild/text.ts';
import { recordMeasurements } from '../../recovery/report/measurements.ts';
import { renderTerminal } from '../../recovery/report/terminal.ts';
import type { CommandContext, Declare, Execute, MaybeSiteOptions } from '../command.ts';
import { confirmOption, dryRunOption, examples, numberBetween, wholeNumber } from '../flags.ts';

export interface DrillOptions extends MaybeSiteOptions {
  /** A scenario of the plan, or `all`, one after the other. */
  readonly scenario: string;
  /** Rows of the generated data, as a multiple of the default. */
  readonly scale: number;
  /** Leave the platform and its repositories on disk. */
  readonly keep: boolean;
  /** Where the throwaway platform lives. @default a new folder below the system's temporary one */
  readonly folder?: string;
  /** Where the reports are written. */
  readonly report: string;
  readonly seed?: number;
  /** `cluster`: a rebuild in quarantined namespaces; what follows is for it alone. */
  readonly on: 'local' | 'cluster';
  /** @default `drill-<date>` */
  readonly stack?: string;
  /** The stack that the drill stands for. */
  readonly like?: string;
  /** Repository to read. @default the plan's first in S3 */
  readonly from?: string;
  /** @default latest */
  readonly to?: string;
  /** `key=value`, as typed. */
  readonly set: readonly string[];
  readonly dryRun: boolean;
  readonly confirm?: string;
}

/** The same data in every drill, so that two reports can be compared. */
const DEFAULT_SEED = 20_261_123;

/** The worst first: wrong data weighs more than a late recovery. */
const WORST: readonly ExitCode[] = [EXIT.failure, EXIT.verificationFailed, EXIT.partial, EXIT.objectiveMissed];

function worst(exits: readonly ExitCode[]): ExitCode {
  const failed: readonly ExitCode[] = exits.filter((exit) => exit !== EXIT.ok);
  return WORST.find((exit) => failed.includes(exit)) ?? failed[0] ?? EXIT.ok;
}

function describe({ report, files, kept }: DrillResult, color: boolean): string {
  const left = kept === undefined ? [] : [`kept, and running: ${kept} (its environment files: ${kept}/*/dr.yaml)`];
  return [renderTerminal(report, color), `report: ${files.html}, ${files.json}`, ...left].join('\n');
}

/** The environment that the drill stands for keeps what was measured. */
async function remember(env: string, { report }: DrillResult, { log }: CommandContext): Promise<void> {
  const measured = drillMeasurements(report);
  if (measured.length === 0) return;
  try {
    const { environment } = await openSite(env, log);
    await recordMeasurements(environment.stateDir, measured);
  } catch (error) {
    // The drill needs no environment file: one that can't be read spoils no result.
    log.warn({ env, error: String(error) }, 'the drill’s measurements are not kept');
  }
}

export const drillCommand: Execute<DrillOptions> = async (options, context) => {
  const plan = await loadPlan();
  const ids = options.scenario === 'all' ? plan.scenarios.map(({ id }) => id) : [options.scenario];
  const scenarios = ids.map(scenarioOf);
  const { progress, signal, now } = context;
  const reports = resolve(options.report);
  const results: DrillResult[] = [];
  for (const scenario of scenarios) {
    const result = await runDrill({
      scenario,
      plan,
      scale: options.scale,
      seed: options.seed ?? DEFAULT_SEED,
      keep: options.keep,
      folder: options.folder === undefined ? undefined : resolve(options.folder),
      reportFolder: scenarios.length === 1 ? reports : join(reports, scenario.id),
      progress,
      signal,
      now,
    });
    results.push(result);
    if (options.env !== undefined) await remember(options.env, result, context);
  }
  const found = results.map(({ report }) => report);
  return {
    exit: worst(found.map(({ exit }) => exit)),
    kind: scenarios.length === 1 ? 'DrillReport' : 'DrillReports',
    data: scenarios.length === 1 ? found[0] : found,
    text: results.map((result) => describe(result, context.color)).join('\n\n'),
  };
};

/** By which of the two places a flag means something. */
const LOCAL = ['scale', 'folder', 'seed'];
const CLUSTER = ['stack', 'like', 'from', 'to', 'set', 'dryRun', 'confirm'];

/** A flag that does nothing would be believed. */
function checkPlace(command: Command): void {
  const { on } = command.opts<{ on: string }>();
  const foreign = (on === 'cluster' ? LOCAL : CLUSTER).find((name) => command.getOptionValueSource(name) === 'cli');
  if (foreign === undefined) return;
  const flag = `--${foreign.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const other = on === 'cluster' ? 'local' : 'cluster';
  throw badInput({
    code: 'USAGE',
    where: 'drill',
    fact: `${flag} means nothing in a drill on ${on === 'cluster' ? 'a cluster' : 'this machine'}`,
    hint: `leave it out, or type --on ${other}`,
  });
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export const declareDrill: Declare = (program, action) => {
  const command = program
    .command('drill')
    .description('Build a throwaway platform, stage a disaster of the plan, recover from it and prove it with data.')
    .option('--scenario <name>', 'a scenario of the plan, or `all`, one after the other', 'complete-failure')
    .addOption(
      new Option('--on <place>', 'this machine with generated data, or a cluster with the real ones, in quarantine')
        .choices(['local', 'cluster'])
        .default('local'),
    )
    .addOption(
      new Option('--scale <number>', 'size of the generated data, as a multiple')
        .argParser(numberBetween(0.01, 10_000, 'a number from 0.01 up, e.g. 1 or 10'))
        .default(1),
    )
    .option('--keep', 'leave what the drill made: the platform and its repositories, or the stack', false)
    .option('--folder <dir>', 'where the throwaway platform lives (default: a new folder below the temporary one)')
    .option('--report <dir>', 'where the reports go', 'drill-report')
    .addOption(new Option('--seed <number>', 'seed of the generated data').argParser(wholeNumber(0, 'a whole number')))
    .option('--like <stack>', 'on a cluster: the stack that the drill stands for; its config and secrets are used')
    .option('--stack <name>', 'on a cluster: the stack that is made, and torn down (default: drill-<date>)')
    .option('--from <repository>', 'on a cluster: repository to read (default: the plan’s first in S3)')
    .option('--to <target>', 'on a cluster: latest, a point’s id, or a time with a zone (default: latest)')
    .addOption(
      new Option('--set <key=value>', 'on a cluster: a key of the stack’s config; several: repeat it')
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(dryRunOption())
    .addOption(confirmOption('on a cluster: the name of the stack that is made'))
    .action((...given: unknown[]) => {
      checkPlace(command);
      const { on } = command.opts<{ on: string }>();
      const load =
        on === 'cluster'
          ? async () => (await import('./drill.ts')).clusterDrillCommand
          : async () => (await import('./drill.ts')).drillCommand;
      return action(load, { needsSite: false })(...given);
    });
  examples(command, [
    'dr drill',
    'dr drill --scenario database-corruption --report ./drill-report',
    'dr drill --scenario all',
    'dr drill --scenario human-error --scale 10 --keep',
    'dr drill --on cluster --like production --from secondary --dry-run',
    'dr drill --on cluster --like production --to latest --stack drill-q4 --confirm drill-q4',
  ]);
};

/** What a cluster can't be put through beside its real platform. */
function checkScenario({ scenario }: DrillOptions): void {
  if (scenario === CLUSTER_SCENARIO) return;
  const known = scenario === 'all' ? 'all' : scenarioOf(scenario).id;
  throw badInput({
    code: 'SCENARIO-LOCAL',
    where: '--scenario',
    fact: `"${known}" harms a platform that must be the drill's own, and a cluster's is real`,
    hint: `it runs locally: dr drill --scenario ${known}; on a cluster there is ${CLUSTER_SCENARIO}: the rebuild in quarantine`,
  });
}

/** What is typed, before any engine is looked for. */
function typed(options: DrillOptions, now: Date): Omit<ClusterDrillRequest, 'repository'> {
  const { to = 'latest', like } = options;
  if (like === undefined) {
    throw badInput({
      code: 'USAGE',
      where: 'drill',
      fact: '--on cluster without --like',
      hint: 'name the stack that the drill stands for: its cluster, images and secrets are used, e.g. --like production',
    });
  }
  parseTarget(to, now);
  return {
    stack: options.stack,
    like,
    target: to.trim(),
    set: parseSettings(options.set),
    keep: options.keep,
    reportFolder: resolve(options.report),
  };
}

async function portsOf(options: DrillOptions, context: CommandContext): Promise<ClusterDrillPorts> {
  const { bundle, plan, stateDir } = await groundOf({ env: options.env }, context);
  const { progress, log, signal, now } = context;
  return {
    engine: await openStackEngine(),
    stateDir,
    bundle,
    plan,
    resolve: pinTarget,
    openCluster: (place) => openDrilledCluster(place, signal),
    approve: (made) =>
      context.confirm({
        name: made.stack,
        what: [
          ...planText(made).split('\n'),
          options.keep ? 'it is left there: dr rebuild --teardown ends it' : 'all of it is torn down again afterwards',
        ],
      }),
    progress,
    log,
    now,
    signal,
  };
}

export const clusterDrillCommand: Execute<DrillOptions> = async (options, context) => {
  checkScenario(options);
  const asked = typed(options, context.now());
  const ports = await portsOf(options, context);
  const request = { ...asked, repository: options.from ?? firstRepository(ports.plan) };
  if (options.dryRun) {
    const made = await planClusterDrill(request, ports);
    return { kind: 'RebuildPlan', data: made, text: `${planText(made)}\nneeds --confirm ${made.stack}` };
  }
  const { report, files, kept } = await runClusterDrill(request, ports);
  await recordMeasurements(ports.stateDir, drillMeasurements(report));
  const left = kept === undefined ? [] : [`kept: stack ${kept}; dr rebuild --teardown --stack ${kept} ends it`];
  return {
    exit: report.exit,
    kind: 'DrillReport',
    data: report,
    text: [renderTerminal(report, context.color), `report: ${files.html}, ${files.json}`, ...left].join('\n'),
  };
};
