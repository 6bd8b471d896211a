/** `dr rebuild` */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Plan } from '../../plan/types.ts';
import { drillEnvironment } from '../engines/machine.ts';
import type { ClusterPlace } from '../kubernetes/place.ts';
import { pinTarget } from '../points/pin/pin.ts';
import { parseMoment, parseTarget } from '../points/target.ts';
import { openStackEngine } from '../pulumi/open.ts';
import { openDrilledCluster } from '../rebuild/data/cluster.ts';
import { dataVerifier } from '../rebuild/data/verifier.ts';
import { firstRepository, groundOf } from '../rebuild/ground.ts';
import { planRebuild, rebuild } from '../rebuild/rebuild.ts';
import { journalFolder } from '../rebuild/record.ts';
import { measurementsOf, rebuildReport } from '../rebuild/report.ts';
import { parseSettings } from '../rebuild/settings.ts';
import { teardown } from '../rebuild/teardown.ts';
import { endText, planText } from '../rebuild/text.ts';
import type { RebuildPorts, RebuildRequest } from '../rebuild/types.ts';
import { renderHtml } from '../report/html.ts';
import { recordMeasurements } from '../report/measurements.ts';
import { toJson } from '../report/output.ts';
import { renderTerminal } from '../report/terminal.ts';
import type { CommandContext, CommandResult, Execute, RebuildOptions } from './command.ts';

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
  const { material, plan, stateDir } = await groundOf(options, context);
  const request = options.teardown ? undefined : requestOf(options, plan, now);
  const { progress, log, signal, color } = context;
  const ports: RebuildPorts = {
    engine: await openStackEngine({ log }),
    stateDir,
    material,
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
    ...dataVerifier({ ...ports, openCluster }, false),
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
