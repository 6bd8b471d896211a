/** `dr rebuild --to`: a fresh platform from a recovery point. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Plan } from '../../../plan/types.ts';
import { writeFile } from '../../../recovery/core/files/writes.ts';
import { drillEnvironment } from '../../../recovery/engines/machine.ts';
import type { ClusterLocation } from '../../../recovery/kubernetes/location.ts';
import { parseMoment, parseTarget } from '../../../recovery/points/target.ts';
import { openRebuiltCluster } from '../../../recovery/rebuild/data/cluster.ts';
import { dataVerifier } from '../../../recovery/rebuild/data/verifier.ts';
import { defaultRepository, readRebuildInputs } from '../../../recovery/rebuild/inputs.ts';
import { planRebuild, rebuild } from '../../../recovery/rebuild/rebuild.ts';
import { journalFolder } from '../../../recovery/rebuild/record.ts';
import { measurementsOf, rebuildReport } from '../../../recovery/rebuild/report.ts';
import { parseSettings } from '../../../recovery/rebuild/settings.ts';
import { endText, planText } from '../../../recovery/rebuild/text.ts';
import type { RebuildOutcome, RebuildPorts, RebuildRequest } from '../../../recovery/rebuild/types.ts';
import { renderHtml } from '../../../recovery/report/html.ts';
import { recordMeasurements } from '../../../recovery/report/measurements.ts';
import { toJson } from '../../../recovery/report/output.ts';
import { painter } from '../../../recovery/report/paint.ts';
import { checkReportFolder, REPORT_FILES } from '../../../recovery/report/report-folder.ts';
import { renderTerminal } from '../../../recovery/report/terminal.ts';
import type { DrillReport } from '../../../recovery/report/types.ts';
import type { CommandContext, CommandResult } from '../../command.ts';
import type { TargetedOptions } from './declaration.ts';
import { openPorts } from './ports.ts';

export async function rebuildPlatform(options: TargetedOptions, context: CommandContext): Promise<CommandResult> {
  const now = context.now();
  if (!options.dryRun)
    await checkReportFolder(context.log, { option: '--report', folder: options.report, files: REPORT_FILES });
  const ground = await readRebuildInputs({ ...options, env: context.env }, context);
  const request = requestOf(options, ground.plan, now);
  const ports = await openPorts(options.stack, ground, context);
  if (options.dryRun) return dryRun(request, ports);
  const openCluster = (place: ClusterLocation) => openRebuiltCluster(place, context.signal);
  const outcome = await rebuild(request, {
    ...ports,
    verify: dataVerifier({ ...ports, openCluster }, { isolated: false }).verify,
  });
  const report = rebuildReport(ground.plan, outcome, await drillEnvironment());
  const files = await writeReports(options.report, report);
  await recordMeasurements(ground.stateDir, measurementsOf(report, outcome));
  return {
    exit: report.exit,
    kind: 'Rebuild',
    data: { ...toData(outcome), report },
    text: [
      renderTerminal(report, painter(context)),
      `report: ${files.html}, ${files.json}`,
      endText(outcome, journalFolder(ground.stateDir, request.stack)),
    ].join('\n\n'),
  };
}

function requestOf(options: TargetedOptions, plan: Plan, now: Date): RebuildRequest {
  const { to, from, like, declaredAt } = options;
  parseTarget(to, 'later');
  return {
    stack: options.stack,
    target: to.trim(),
    repository: from ?? defaultRepository(plan),
    ...(like === undefined ? {} : { like }),
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

async function dryRun(request: RebuildRequest, ports: RebuildPorts): Promise<CommandResult> {
  const planned = await planRebuild(request, ports);
  return { kind: 'RebuildPlan', data: planned, text: `${planText(planned)}\nneeds --confirm ${request.stack}` };
}

async function writeReports(named: string, report: DrillReport): Promise<{ html: string; json: string }> {
  const folder = resolve(named);
  await mkdir(folder, { recursive: true });
  const files = { html: join(folder, 'report.html'), json: join(folder, 'report.json') };
  await writeFile(files.json, `${toJson(report)}\n`);
  await writeFile(files.html, renderHtml(report));
  return files;
}

/** Without the outputs: they hold the platform's secrets. */
function toData({ outputs, failure, ...rest }: RebuildOutcome): object {
  const error = failure && { code: failure.code, where: failure.where, fact: failure.fact, hint: failure.hint };
  return { ...rest, ...(error === undefined ? {} : { failure: error }) };
}
