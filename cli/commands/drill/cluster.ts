/** `dr drill --on cluster`: rebuild the real platform in quarantined namespaces. */
import { resolve } from 'node:path';
import { CLUSTER_SCENARIO } from '../../../drill/cluster/report.ts';
import {
  type ClusterDrillPorts,
  type ClusterDrillRequest,
  planClusterDrill,
  runClusterDrill,
} from '../../../drill/cluster/run.ts';
import { drillMeasurements } from '../../../drill/report.ts';
import { scenarioOf } from '../../../drill/scenarios/all.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { accountName } from '../../../recovery/core/holder.ts';
import { openClusterAt } from '../../../recovery/kubernetes/open.ts';
import { readPoints, resolveRecoveryPoint } from '../../../recovery/points/resolved/resolved-point.ts';
import { parseTarget } from '../../../recovery/points/target.ts';
import { openStackEngine } from '../../../recovery/pulumi/open.ts';
import { openRebuiltCluster } from '../../../recovery/rebuild/data/cluster.ts';
import { defaultRepository, readRebuildInputs } from '../../../recovery/rebuild/inputs.ts';
import { parseSettings } from '../../../recovery/rebuild/settings.ts';
import { planText } from '../../../recovery/rebuild/text.ts';
import { recordMeasurements } from '../../../recovery/report/measurements.ts';
import { painter } from '../../../recovery/report/paint.ts';
import { checkReportFolder, REPORT_FILES } from '../../../recovery/report/report-folder.ts';
import { renderTerminal } from '../../../recovery/report/terminal.ts';
import type { CommandContext, CommandResult } from '../../command.ts';
import type { DrillOptions } from './declaration.ts';

export async function drillOnCluster(options: DrillOptions, context: CommandContext): Promise<CommandResult> {
  checkScenario(options);
  const typed = requestOf(options, context.now());
  if (!options.dryRun)
    await checkReportFolder(context.log, { option: '--report', folder: typed.reportFolder, files: REPORT_FILES });
  const ports = await openPorts(options, context);
  const request = { ...typed, repository: options.from ?? defaultRepository(ports.plan) };
  if (options.dryRun) {
    const planned = await planClusterDrill(request, ports);
    return { kind: 'RebuildPlan', data: planned, text: `${planText(planned)}\nneeds --confirm ${planned.stack}` };
  }
  const { report, files, kept } = await runClusterDrill(request, ports);
  await recordMeasurements(ports.stateDir, drillMeasurements(report, accountName()));
  const left = kept === undefined ? [] : [`kept: stack ${kept}; dr rebuild --teardown --stack ${kept} destroys it`];
  return {
    exit: report.exit,
    kind: 'DrillReport',
    data: report,
    text: [renderTerminal(report, painter(context)), `report: ${files.html}, ${files.json}`, ...left].join('\n'),
  };
}

/** A cluster runs its real platform too: only a scenario that destroys nothing is allowed. Throws exit 2. */
function checkScenario({ scenario }: DrillOptions): void {
  if (scenario === CLUSTER_SCENARIO) return;
  const known = scenario === 'all' ? 'all' : scenarioOf(scenario).id;
  throw badInput({
    code: 'SCENARIO-LOCAL',
    where: '--scenario',
    fact: `"${known}" destroys a platform made for the drill, and a cluster's platform is real`,
    hint: `it runs locally: dr drill --scenario ${known}; on a cluster there is ${CLUSTER_SCENARIO}: the rebuild in quarantine`,
  });
}

/** Checked before any engine is looked for. */
function requestOf(options: DrillOptions, now: Date): Omit<ClusterDrillRequest, 'repository'> {
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

async function openPorts({ keep }: DrillOptions, context: CommandContext): Promise<ClusterDrillPorts> {
  const { env, progress, log, signal, now } = context;
  return {
    ...(await readRebuildInputs({ env }, context)),
    engine: await openStackEngine(),
    resolve: resolveRecoveryPoint,
    readPoints,
    openCluster: (place) => openRebuiltCluster(place, signal),
    openTarget: (place) => openClusterAt(place, signal),
    approve: (planned) =>
      context.confirm({
        name: planned.stack,
        what: [
          ...planText(planned).split('\n'),
          keep
            ? `it is kept: dr rebuild --teardown --stack ${planned.stack} destroys it`
            : 'all of it is torn down afterwards',
        ],
      }),
    progress,
    log,
    now,
    signal,
  };
}
