/** B7: `dr points` over 10,000 points. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createEmptySite } from '../../drill/platform/platform.ts';
import { openSite, type Site } from '../../recovery/config/site.ts';
import { surveyCatalogs } from '../../recovery/points/catalog/survey.ts';
import { overviewOf } from '../../recovery/points/list/overview.ts';
import type { BenchContext, Benchmark, BenchResult, Samples } from '../benchmark.ts';
import { ENVIRONMENT } from '../database.ts';
import { runDr } from '../dr.ts';
import { interleave } from '../interleave.ts';
import { writePoints } from '../sample-points.ts';
import { median, percentile } from '../statistics.ts';

const MANY = 10_000;
const FEW = 100;
/** With fewer calls the 95th percentile is just the slowest one. */
const CALLS = 60;

async function siteWith(context: BenchContext, count: number): Promise<Site> {
  context.say(`write ${count} points`);
  const folder = join(context.folder, `points-${count}`);
  const { envFile } = await createEmptySite({ folder, site: 'first', environment: ENVIRONMENT });
  const site = await openSite(envFile);
  await writePoints(site, site.repository('local'), count);
  return site;
}

/** The command's work without its process: list, verify new points, chain, windows. */
async function measureOverview(site: Site, count: number): Promise<number> {
  const begun = performance.now();
  const overview = await overviewOf(site, await surveyCatalogs(site), new Date());
  const milliseconds = performance.now() - begun;
  if (overview.points.length !== count || overview.problems.length > 0) {
    throw new Error(`found ${overview.points.length} points of ${count} and ${overview.problems.length} problems`);
  }
  return milliseconds;
}

async function calls(sites: readonly (readonly [Site, number])[]): Promise<number[][]> {
  const taken = sites.map((): number[] => []);
  for (let n = 0; n < CALLS; n += 1) {
    for (const [i, [site, count]] of sites.entries()) taken[i]?.push(await measureOverview(site, count));
  }
  return taken;
}

const timesOf = (name: string, milliseconds: readonly number[]): Samples => ({
  name,
  seconds: milliseconds.map((ms) => ms / 1000),
});

async function run(context: BenchContext): Promise<BenchResult> {
  const many = await siteWith(context, MANY);
  const few = await siteWith(context, FEW);
  const cold = await measureOverview(many, MANY);
  await measureOverview(few, FEW);
  const [manyCalls = [], fewCalls = []] = await calls([
    [many, MANY],
    [few, FEW],
  ]);
  const rounds = { ...context, runs: Math.max(context.runs, 20), say: () => undefined };
  const command = await interleave(rounds, [
    { name: `dr points, ${MANY} points`, timed: () => runDr(many.file, 'points') },
    { name: `dr points, ${FEW} points`, timed: () => runDr(few.file, 'points') },
  ]);
  const [whole = 0, wholeFew = 0] = command.map((s) => median(s.seconds));
  const p95 = percentile(manyCalls, 0.95);
  return {
    measures: [
      { name: 'catalog’s work, 95th percentile, warm', value: p95, unit: 'ms', target: { relation: '≤', value: 300 } },
      {
        name: 'whole command, 10,000 ÷ 100 points',
        value: whole / wholeFew,
        unit: '×',
        target: { relation: '≤', value: 5 },
      },
      { name: 'whole command, 95th percentile', value: percentile(command[0]?.seconds ?? [], 0.95) * 1000, unit: 'ms' },
      { name: 'catalog’s work, 10,000 ÷ 100 points', value: median(manyCalls) / median(fewCalls), unit: '×' },
      { name: 'catalog’s work, first time, nothing cached', value: cold, unit: 'ms' },
    ],
    samples: [
      ...command,
      timesOf(`catalog’s work, ${MANY} points`, manyCalls),
      timesOf(`catalog’s work, ${FEW} points`, fewCalls),
    ],
    facts: { points: MANY },
  };
}

export const b7: Benchmark = { id: 'B7', title: 'dr points over 10,000 points', run };
