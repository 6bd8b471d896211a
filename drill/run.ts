/** One drill: backs up a platform under load, loses it, recovers it and compares; then clears everything away. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Plan } from '../plan/types.ts';
import { ignoring } from '../recovery/core/absent.ts';
import { DrError, EXIT } from '../recovery/core/errors.ts';
import type { Progress } from '../recovery/core/progress.ts';
import { drillEnvironment } from '../recovery/engines/machine.ts';
import { renderHtml } from '../recovery/report/html.ts';
import type { DrillReport } from '../recovery/report/types.ts';
import { type BaselineWithLimits, baselineChecks, takeBaseline } from './baseline.ts';
import { type BackupData, backupSchema } from './dr-client.ts';
import { clearDrill, clearLeftovers, noteDrill } from './host/leftovers.ts';
import { startLoad } from './load/load.ts';
import { endIncident } from './people/aftermath.ts';
import { startReceivers } from './people/receivers.ts';
import { createEmptySite, createPlatform, type Platform } from './platform/platform.ts';
import { askService } from './platform/service-control.ts';
import { locateService, SERVICES } from './platform/services.ts';
import { drillReport } from './report.ts';
import { type S3Region, startS3Region } from './s3/region.ts';
import { type Prepared, type Recovered, type Scenario, Stage } from './stage.ts';

export interface DrillRequest {
  readonly scenario: Scenario;
  readonly plan: Plan;
  /** 1 is about 150 MB of database. */
  readonly scale: number;
  readonly seed: number;
  /** Leave everything running. */
  readonly keep: boolean;
  /** Parent of the drill's folder. @default the system's temporary folder */
  readonly folder?: string | undefined;
  /** report.json and report.html go here. */
  readonly reportFolder: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

export interface DrillResult {
  readonly report: DrillReport;
  /** The post-mortem is there where the platform was recovered. */
  readonly files: { readonly json: string; readonly html: string; readonly postMortem?: string };
  /** With `keep`: the folder, or the stack, that is left. */
  readonly kept?: string;
}

/** Acknowledged writes before each next step: a second of load, so that each backup holds some of its own. */
const WRITES_BETWEEN = 120;
const ENVIRONMENT = 'drill';

const REGIONS = {
  primary: { region: 'us-east-1', bucket: 'go-coffee-backups' },
  secondary: { region: 'eu-west-1', bucket: 'go-coffee-backups-eu-west-1' },
} as const;

function startRegion(folder: string, name: keyof typeof REGIONS): Promise<S3Region> {
  return startS3Region({
    ...REGIONS[name],
    name,
    folder: join(folder, 'regions', name),
    pids: join(folder, 'pids', 'regions'),
    environment: ENVIRONMENT,
    lockDays: 1,
    runAs: process.getuid?.() === 0 ? 'postgres' : undefined,
  });
}

interface Built {
  readonly first: Platform;
  readonly regions: { readonly primary: S3Region; readonly secondary: S3Region };
  readonly baseline: BaselineWithLimits;
}

async function build(stage: Stage): Promise<Built> {
  const { folder, scale, seed } = stage.options;
  const regions = await stage.step('regions', 'two S3 regions', async () => {
    const [primary, secondary] = await Promise.all([startRegion(folder, 'primary'), startRegion(folder, 'secondary')]);
    return { primary, secondary };
  });
  const people = await startReceivers(join(folder, 'people'), process.getuid?.() === 0 ? 'postgres' : undefined);
  stage.people = people;
  const first = await stage.step('platform', `the first site, scale ${scale}`, () =>
    createPlatform({
      ...{ folder, environment: ENVIRONMENT, site: 'first', scale, seed, regions },
      testChannels: people.channels,
    }),
  );
  stage.sites.push(first);
  const baseline = await stage.step(
    'baseline',
    'record what it holds',
    () => takeBaseline(first),
    ({ database, redis }) => `${database.tables.reduce((sum, t) => sum + t.rows, 0)} rows, ${redis.keys} keys of Redis`,
  );
  await stage.step('init', 'dr init', () => stage.dr(first).run(['init']));
  return { first, regions, baseline };
}

/** Full and incremental backup under load, with writes after each. */
async function backUp(stage: Stage, { first, regions, baseline }: Built): Promise<Prepared> {
  const { folder } = stage.options;
  const ledgerFile = join(folder, 'ledger.jsonl');
  const load = await startLoad({ postgres: () => first.postgres(), redis: () => first.redis(), ledgerFile });
  stage.loads.push(load);
  const backup = (kind: string): Promise<BackupData> =>
    stage.step(
      `backup-${kind}`,
      `dr backup --kind ${kind}, under load`,
      async () => (await stage.dr(first).call(['backup', '--kind', kind], { answer: backupSchema })).data,
      ({ runId, points }) => `${runId} in ${Object.keys(points).join(', ')}`,
    );
  await load.more(WRITES_BETWEEN);
  const full = await backup('full');
  await load.more(WRITES_BETWEEN);
  const incremental = await backup('incremental');
  await load.more(WRITES_BETWEEN);
  return {
    stage,
    first,
    regions,
    baseline,
    load,
    ledgerFile,
    backups: { full, incremental },
    async emptySite(options) {
      const site = await createEmptySite({
        ...options,
        folder,
        environment: ENVIRONMENT,
        testChannels: stage.people?.channels,
      });
      stage.sites.push(site);
      return site;
    },
  };
}

async function serviceChecks(stage: Stage, platform: Platform): Promise<void> {
  for (const { id, tier } of SERVICES) {
    const { status, body } = await askService(locateService(id, platform.paths), '/health');
    const actual = status === 200 ? 'healthy' : `${status}: ${body.trim()}`;
    stage.check({
      id: `services/${id}`,
      title: id,
      tier,
      expected: 'healthy',
      actual,
      evidence: 'GET /health on its socket',
    });
  }
}

/** Starts a new load on the recovered platform: one that only reads has not recovered. */
async function newLoad(stage: Stage, platform: Platform): Promise<void> {
  const load = await startLoad({
    postgres: () => platform.postgres(),
    redis: () => platform.redis(),
    ledgerFile: join(stage.options.folder, 'ledger-after.jsonl'),
  });
  await load.more(20);
  const { acknowledged, died } = await load.stop();
  stage.check({
    id: 'customers/new',
    title: 'the platform takes new orders and payments',
    tier: 'P2',
    expected: 'at least 20 writes acknowledged',
    actual: died ?? `${acknowledged} writes acknowledged`,
    ok: died === undefined && acknowledged >= 20,
    evidence: 'orders, payments and carts written to the recovered platform',
  });
}

async function verify(stage: Stage, recovered: Recovered, baseline: BaselineWithLimits): Promise<void> {
  const { platform } = recovered;
  await stage.step(
    'verify',
    'compare the recovered platform with the baseline',
    async () => {
      for (const check of await baselineChecks(platform, baseline, recovered.renewed)) stage.check(check);
      await serviceChecks(stage, platform);
      await newLoad(stage, platform);
    },
    () => `${stage.verification.filter(({ ok }) => ok).length} of ${stage.verification.length} checks passed`,
  );
}

/** A failed recovery is a result of the drill, with a report; a platform that can't be built is an error. */
async function play(stage: Stage, request: DrillRequest): Promise<DrillReport> {
  const startedAt = request.now();
  const environment = await drillEnvironment();
  const built = await build(stage);
  const prepared = await backUp(stage, built);
  let recovered: Recovered | undefined;
  let failure: DrError['exit'] | undefined;
  try {
    recovered = await request.scenario.run(prepared);
    await verify(stage, recovered, built.baseline);
    await endIncident(stage, recovered.walk, recovered);
  } catch (error) {
    request.signal.throwIfAborted();
    if (!(error instanceof DrError) || stage.disasterAt === undefined) throw error;
    failure = error.exit === EXIT.ok ? EXIT.failure : error.exit;
    const recovery = { id: 'recovery', title: 'the recovery succeeds', expected: 'no error', actual: error.message };
    stage.check({ ...recovery, evidence: `${error.where}; ${error.hint}` });
  }
  const disasterAt = stage.disasterAt ?? startedAt;
  return drillReport({ stage, startedAt, endedAt: request.now(), disasterAt, recovered, failure, environment });
}

async function clear(stage: Stage, folder: string): Promise<void> {
  for (const load of stage.loads)
    void load.stop().catch(ignoring('its store may be gone; the drill’s report says more'));
  for (const site of stage.sites) await site.destroy();
  await stage.people?.close();
  await clearDrill(folder);
}

/**
 * Throws when the platform can't be built (exit 2 for a missing engine) and when `signal` is aborted. Everything that was started is then
 * ended and deleted too.
 */
export async function runDrill(request: DrillRequest): Promise<DrillResult> {
  const { scenario, progress, keep, signal } = request;
  for (const { folder, since, kept, processes } of await clearLeftovers()) {
    const what = kept
      ? `kept by --keep, ${processes} processes run; to remove it: dr drill --remove ${folder}`
      : `left by a killed drill: ended ${processes} processes and deleted the folder`;
    progress({
      step: 'drill/leftovers',
      title: `${folder} of ${since}`,
      state: kept ? 'skipped' : 'done',
      detail: what,
    });
  }
  const parent = request.folder ?? tmpdir();
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'dr-drill-'));
  await noteDrill({ folder, kept: keep });
  const { plan, scale, seed } = request;
  const stage = new Stage({ scenario: scenario.id, folder, scale, seed, plan, progress, signal });
  try {
    const report = await play(stage, request);
    await mkdir(request.reportFolder, { recursive: true });
    const place = (name: string): string => join(request.reportFolder, name);
    const { postMortem } = stage;
    const files = {
      json: place('report.json'),
      html: place('report.html'),
      ...(postMortem === undefined ? {} : { postMortem: place('post-mortem.md') }),
    };
    if (postMortem !== undefined) await writeFile(place('post-mortem.md'), postMortem);
    await writeFile(files.json, `${JSON.stringify(report, undefined, 2)}\n`);
    await writeFile(files.html, renderHtml(report));
    return { report, files, ...(keep ? { kept: folder } : {}) };
  } finally {
    if (!keep) await clear(stage, folder);
    else await Promise.allSettled([...stage.loads.map((load) => load.stop()), stage.people?.close()]);
  }
}
