/** `dr drill --on cluster`: rebuilds a platform from a point in quarantined namespaces, verifies its data, measures, and tears it down. */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { allNamespaces } from '../../plan/declared/namespaces.ts';
import { asDrError } from '../../recovery/core/as-dr-error.ts';
import { precondition } from '../../recovery/core/errors.ts';
import type { DataPorts } from '../../recovery/rebuild/data/cluster.ts';
import type { RecordedCaptures } from '../../recovery/rebuild/data/database.ts';
import { dataVerifier, locateData } from '../../recovery/rebuild/data/verifier.ts';
import { planRebuild, rebuild } from '../../recovery/rebuild/rebuild.ts';
import { teardown } from '../../recovery/rebuild/teardown/teardown.ts';
import type {
  DataCheck,
  RebuildOutcome,
  RebuildPlan,
  RebuildPorts,
  RebuildRequest,
} from '../../recovery/rebuild/types.ts';
import { renderHtml } from '../../recovery/report/html.ts';
import type { DrillEnvironment, DrillReport } from '../../recovery/report/types.ts';
import type { DrillResult } from '../run.ts';
import { drillConfig, drillName, otherDrills } from './names.ts';
import { clusterDrillReport } from './report.ts';

export interface ClusterDrillRequest {
  /** @default `drill-<date>` */
  readonly stack?: string | undefined;
  /** The stack that is drilled. */
  readonly like: string;
  readonly repository: string;
  readonly target: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly keep: boolean;
  /** report.json and report.html go here. */
  readonly reportFolder: string;
}

const STEP = 'drill/cluster';

/** From the stack's file where it exists: that needs no passphrase. */
async function plainConfig(stack: string, known: readonly string[], { engine }: ClusterDrillPorts) {
  const inFile = await engine.fileConfig(stack);
  const values = inFile ?? (known.includes(stack) ? await (await engine.select(stack)).config() : {});
  return Object.fromEntries(Object.entries(values).map(([key, { value }]) => [key, value]));
}

/** The rebuild that the drill runs. Throws `STACK-EXISTS` (exit 6) and `STACK-UNKNOWN` (exit 2). */
async function requestOf(request: ClusterDrillRequest, ports: ClusterDrillPorts): Promise<RebuildRequest> {
  const known = await ports.engine.list();
  const stack = request.stack ?? drillName(ports.now(), known);
  if (known.includes(stack)) {
    throw precondition({
      code: 'STACK-EXISTS',
      where: '--stack',
      fact: `the stack "${stack}" exists; a drill makes its own stack and tears it down`,
      hint: `choose another name with --stack; to delete one that an earlier drill has left: dr rebuild --teardown --stack ${stack}`,
    });
  }
  for (const other of otherDrills(known)) {
    ports.progress({
      step: `${STEP}/leftovers`,
      title: `stack ${other} exists: a drill kept it, was killed, or is running`,
      state: 'skipped',
      detail: `dr rebuild --teardown --stack ${other}`,
    });
  }
  const like = await plainConfig(request.like, known, ports);
  return {
    stack,
    target: request.target,
    repository: request.repository,
    like: request.like,
    set: drillConfig(stack, like, request.set),
    only: [],
    exclude: [],
    rotateSecrets: false,
    harden: false,
    isolated: true,
    keepGoing: false,
  };
}

export async function planClusterDrill(request: ClusterDrillRequest, ports: ClusterDrillPorts): Promise<RebuildPlan> {
  return planRebuild(await requestOf(request, ports), ports);
}

/** Without the drill's signal: an interrupted drill is torn down too. Does nothing when the stack does not exist. */
async function clear(stack: string, ports: ClusterDrillPorts): Promise<void> {
  if (!(await ports.engine.list()).includes(stack)) return;
  await teardown({ stack, include: [] }, { ...ports, signal: undefined, approve: async () => {} });
}

/** A drill that leaves something behind has failed. */
async function clearAndCheck(made: RebuildPlan, ports: ClusterDrillPorts): Promise<DataCheck> {
  const names = allNamespaces(made.namespaces);
  const check = { title: 'what the drill made is gone', expected: `no namespace ${names.join(', no ')}` };
  try {
    const location = await locateData(made, ports);
    await clear(made.stack, ports);
    await using cluster = await ports.openCluster(location.cluster);
    const left: string[] = [];
    for (const name of names) if (await cluster.hasNamespace(name)) left.push(name);
    const actual = left.length === 0 ? check.expected : `left: ${left.join(', ')}`;
    return { ...check, actual, ok: left.length === 0, evidence: cluster.describe };
  } catch (error) {
    const { fact } = asDrError(error, 'teardown');
    return { ...check, actual: fact, ok: false, evidence: `dr rebuild --teardown --stack ${made.stack}` };
  }
}

async function writeReport(folder: string, report: DrillReport): Promise<DrillResult['files']> {
  await mkdir(folder, { recursive: true });
  const files = { json: join(folder, 'report.json'), html: join(folder, 'report.html') };
  await writeFile(files.json, `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(files.html, renderHtml(report));
  return files;
}

function environmentOf({ engine }: ClusterDrillPorts): DrillEnvironment {
  return {
    engines: { pulumi: engine.describe, node: process.versions.node },
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
  };
}

/** Rebuilds and verifies. `onMade` is called before the first resource. */
async function drilled(
  asked: RebuildRequest,
  ports: ClusterDrillPorts,
  onMade: () => void,
): Promise<{ readonly outcome: RebuildOutcome; readonly recorded: RecordedCaptures }> {
  const { verify, recorded } = dataVerifier(ports, { isolated: true });
  const outcome = await rebuild(asked, {
    ...ports,
    verify,
    async approve(plan) {
      await ports.approve(plan);
      onMade();
    },
  });
  return { outcome, recorded: recorded() };
}

/**
 * A failed recovery is a result with a report. Throws refusals before anything is made, and when the signal is aborted; what was made is
 * then torn down too, unless it is to be kept.
 */
export async function runClusterDrill(request: ClusterDrillRequest, ports: ClusterDrillPorts): Promise<DrillResult> {
  const startedAt = ports.now();
  const asked = await requestOf(request, ports);
  let toClear = false;
  try {
    const { outcome, recorded } = await drilled(asked, ports, () => {
      toClear = !request.keep;
    });
    const after = toClear ? [await clearAndCheck(outcome.plan, ports)] : [];
    toClear = false;
    const report = clusterDrillReport({
      plan: ports.plan,
      outcome,
      recorded,
      after,
      startedAt,
      endedAt: ports.now(),
      environment: environmentOf(ports),
    });
    const files = await writeReport(request.reportFolder, report);
    return { report, files, ...(request.keep ? { kept: asked.stack } : {}) };
  } finally {
    if (toClear) {
      await clear(asked.stack, ports).catch((error: unknown) => {
        ports.log.error({ error: asDrError(error, 'teardown').message }, `left: stack ${asked.stack}`);
      });
    }
  }
}

export interface ClusterDrillPorts extends Omit<RebuildPorts, 'approve' | 'verify'>, DataPorts {
  /** Called with the plan before anything is made; throws to stop. */
  readonly approve: RebuildPorts['approve'];
}
