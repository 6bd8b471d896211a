/** `dr drill --on cluster` */
import { resolve } from 'node:path';
import { badInput } from '../core/errors.ts';
import { CLUSTER_SCENARIO } from '../drill/cluster/report.ts';
import { type ClusterDrillRequest, planClusterDrill, runClusterDrill } from '../drill/cluster/run.ts';
import { drillMeasurements } from '../drill/measured.ts';
import { scenarioOf } from '../drill/scenarios/all.ts';
import { pinTarget } from '../points/pin/pin.ts';
import { parseTarget } from '../points/target.ts';
import { openStackEngine } from '../pulumi/open.ts';
import { type ClusterDrillPorts, openDrilledCluster } from '../rebuild/data/cluster.ts';
import { firstRepository, groundOf } from '../rebuild/ground.ts';
import { parseSettings } from '../rebuild/settings.ts';
import { planText } from '../rebuild/text.ts';
import { recordMeasurements } from '../report/measurements.ts';
import { renderTerminal } from '../report/terminal.ts';
import type { CommandContext, DrillOptions, Execute } from './command.ts';

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
  const { material, plan, stateDir } = await groundOf({ env: options.env }, context);
  const { progress, log, signal, now } = context;
  return {
    engine: await openStackEngine(),
    stateDir,
    material,
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
