/** `dr drill` */
import { join, resolve } from 'node:path';
import { loadPlan } from '../../plan/load.ts';
import { openSite } from '../config/site.ts';
import { EXIT, type ExitCode } from '../core/errors.ts';
import { drillMeasurements } from '../drill/measured.ts';
import { type DrillResult, runDrill } from '../drill/run.ts';
import { scenarioOf } from '../drill/scenarios/all.ts';
import { recordMeasurements } from '../report/measurements.ts';
import { renderTerminal } from '../report/terminal.ts';
import type { CommandContext, DrillOptions, Execute } from './command.ts';

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
