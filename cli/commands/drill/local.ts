/** `dr drill`: build a platform on this machine, destroy it, recover it, and compare. */
import { join, resolve } from 'node:path';
import { drillMeasurements } from '../../../drill/report.ts';
import { type DrillResult, runDrill } from '../../../drill/run.ts';
import { scenarioOf } from '../../../drill/scenarios/all.ts';
import { loadPlan } from '../../../plan/load.ts';
import { gravestOf } from '../../../recovery/core/exit.ts';
import { appendFile } from '../../../recovery/core/files/writes.ts';
import { accountName } from '../../../recovery/core/holder.ts';
import { measurementLines, recordMeasurements } from '../../../recovery/report/measurements.ts';
import { type Paint, painter } from '../../../recovery/report/paint.ts';
import { checkReportFile, checkReportFolder, REPORT_FILES } from '../../../recovery/report/report-folder.ts';
import { renderTerminal } from '../../../recovery/report/terminal.ts';
import type { CommandContext, CommandResult } from '../../command.ts';
import { openSite } from '../../open-site.ts';
import type { DrillOptions } from './declaration.ts';
import { keptText } from './kept.ts';

/** The same data in every drill, so that two reports can be compared. */
const DEFAULT_SEED = 20_261_123;

export async function drillHere(options: DrillOptions, context: CommandContext): Promise<CommandResult> {
  const plan = await loadPlan();
  const ids = options.scenario === 'all' ? plan.scenarios.map(({ id }) => id) : [options.scenario];
  const scenarios = ids.map(scenarioOf);
  const { env, log, progress, signal, now, color } = context;
  const reports = resolve(options.report);
  const reportFolderOf = ({ id }: { readonly id: string }) => (scenarios.length === 1 ? reports : join(reports, id));
  for (const scenario of scenarios)
    await checkReportFolder(log, { option: '--report', folder: reportFolderOf(scenario), files: REPORT_FILES });
  if (options.measurements !== undefined) await checkReportFile(log, '--measurements', options.measurements);
  const results: DrillResult[] = [];
  for (const scenario of scenarios) {
    const result = await runDrill({
      scenario,
      plan,
      scale: options.scale,
      seed: options.seed ?? DEFAULT_SEED,
      keep: options.keep,
      folder: options.folder === undefined ? undefined : resolve(options.folder),
      reportFolder: reportFolderOf(scenario),
      progress,
      signal,
      now,
    });
    results.push(result);
    if (options.measurements !== undefined) await writeMeasurements(resolve(options.measurements), result);
    if (env !== undefined) await keepMeasurements(env, result, context);
  }
  const found = results.map(({ report }) => report);
  return {
    exit: gravestOf(found.map(({ exit }) => exit)),
    kind: scenarios.length === 1 ? 'DrillReport' : 'DrillReports',
    data: scenarios.length === 1 ? found[0] : found,
    text: (await Promise.all(results.map((result) => drillText(result, painter({ color }))))).join('\n\n'),
  };
}

/** In a cluster the file is the termination message of the pod, which the monitor reads: 4 KiB at most. */
async function writeMeasurements(file: string, { report }: DrillResult): Promise<void> {
  await appendFile(file, measurementLines(drillMeasurements(report, accountName())));
}

/** The environment that the drill stands for keeps what was measured. */
async function keepMeasurements(env: string, { report }: DrillResult, { log, signal }: CommandContext): Promise<void> {
  const measured = drillMeasurements(report, accountName());
  if (measured.length === 0) return;
  try {
    const { environment } = await openSite({ env, log, signal });
    await recordMeasurements(environment.stateDir, measured);
  } catch (error) {
    // The drill needs no environment file: one that can't be read doesn't change its result.
    log.warn({ env, error: String(error) }, 'the drill’s measurements are not kept');
  }
}

async function drillText({ report, files, kept }: DrillResult, paint: Paint): Promise<string> {
  const left = kept === undefined ? [] : [await keptText(kept)];
  return [renderTerminal(report, paint), `report: ${files.html}, ${files.json}`, ...left].join('\n');
}
