/** `dr restore --stack NAME --to TARGET`: the stores of a running stack, where they are. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFile } from '../../../recovery/core/files/writes.ts';
import type { RestoredStore } from '../../../recovery/in-place/types.ts';
import { isWalTarget, parseMoment, parseTarget } from '../../../recovery/points/target.ts';
import type { DrillReport } from '../../../recovery/report/types.ts';
import type { CommandContext, CommandResult } from '../../command.ts';
import { misuse, type TargetedOptions } from './declaration.ts';

const STORES: readonly RestoredStore[] = ['postgres', 'redis'];
const isStore = (name: string): name is RestoredStore => STORES.some((store) => store === name);

/** Throws exit 2. */
export function checkStores(only: readonly string[]): void {
  const other = only.find((name) => !isStore(name));
  if (other !== undefined)
    throw misuse(
      `--only ${other} can’t be restored in place in a cluster`,
      'stores: --only postgres,redis; objects: --select KIND/NAME; files: dr restore-volume, in a pod of the stack',
    );
  if (only.length > 0 && !only.includes('postgres'))
    throw misuse('--only redis: a generation is one of the database', 'type --only postgres,redis');
}

async function modules() {
  const [{ openInPlacePorts }, { planInPlace }, run, text, outcome, takeover] = await Promise.all([
    import('../../../recovery/in-place/wiring.ts'),
    import('../../../recovery/in-place/plan.ts'),
    import('../../../recovery/in-place/run.ts'),
    import('../../../recovery/in-place/text.ts'),
    import('../../../recovery/in-place/outcome.ts'),
    import('../../takeover.ts'),
  ]);
  return { openInPlacePorts, planInPlace, run, text, outcome, takeover };
}

/** The folder of the reports, as a rebuild names its own. */
const FOLDER = 'restore-report';

async function writeReports(report: DrillReport): Promise<string> {
  const [{ renderHtml }, { toJson }] = await Promise.all([
    import('../../../recovery/report/html.ts'),
    import('../../../recovery/report/output.ts'),
  ]);
  const folder = resolve(FOLDER);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'report.json'), `${toJson(report)}\n`);
  await writeFile(join(folder, 'report.html'), renderHtml(report));
  return folder;
}

export async function ofRunningStack(
  options: TargetedOptions & { readonly stack: string },
  context: CommandContext,
): Promise<CommandResult> {
  const { stack, to, from, only, keepGoing, declaredAt } = options;
  checkStores(only);
  if (isWalTarget(parseTarget(to, 'later')))
    throw misuse(
      `--to ${to} with --stack: a cluster replays to a time`,
      `ask for its time, on a host with the engines and an environment file: dr points locate ${to}`,
    );
  const { openInPlacePorts, planInPlace, run, text, outcome, takeover } = await modules();
  const plan = await takeover.planOf(context.env);
  const stateDir = takeover.stateFolder();
  const ports = await openInPlacePorts(context, stateDir);
  const request = {
    stack,
    target: to.trim(),
    repository: from,
    stores: only.length === 0 ? STORES : STORES.filter((store) => only.includes(store)),
    keepGoing,
    ...(declaredAt === undefined ? {} : { declaredAt: parseMoment(declaredAt, context.now(), '--declared-at') }),
  };
  if (options.dryRun) {
    const planned = await planInPlace(ports, plan, request);
    return { kind: 'InPlacePlan', data: planned, text: `${text.planText(planned)}\nneeds --confirm ${stack}` };
  }
  const [{ drillEnvironment }, { recordMeasurements }, { measurementsOf }, { renderTerminal }, { painter }] =
    await Promise.all([
      import('../../../recovery/engines/machine.ts'),
      import('../../../recovery/report/measurements.ts'),
      import('../../../recovery/rebuild/report.ts'),
      import('../../../recovery/report/terminal.ts'),
      import('../../../recovery/report/paint.ts'),
    ]);
  const done = await run.restoreInPlace(ports, plan, request, (planned) =>
    context.confirm({ name: stack, what: text.planText(planned).split('\n') }),
  );
  const report = outcome.inPlaceReport(plan, done, await drillEnvironment());
  const folder = await writeReports(report);
  await recordMeasurements(stateDir, measurementsOf(report, done.rebuilt));
  const { outputs: _, ...rebuilt } = done.rebuilt;
  return {
    exit: report.exit,
    kind: 'InPlaceRestore',
    data: { ...rebuilt, plan: done.plan, kept: done.kept, fullBackup: done.fullBackup, report },
    text: [renderTerminal(report, painter(context)), `report: ${folder}`, text.endText(done)].join('\n\n'),
  };
}
