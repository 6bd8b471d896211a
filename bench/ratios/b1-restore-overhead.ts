/** B1: what `dr restore` costs more than the engine alone. */
import type { Platform } from '../../drill/platform/platform.ts';
import type { BenchContext, Benchmark, BenchResult, Database, Samples } from '../benchmark.ts';
import { databaseFacts, emptySite, MEGABYTES } from '../database.ts';
import { drRestore, type StepTimes, stepFacts } from '../dr.ts';
import { interleave } from '../interleave.ts';
import { rawPostgres } from '../raw-postgres.ts';
import { fastestRatio, median } from '../statistics.ts';

/** Nearly nothing to copy: what is left is what every restore pays. */
const SMALL_MEGABYTES = 25;

async function compare(context: BenchContext, database: Database, size: string): Promise<[Samples[], StepTimes]> {
  const times: StepTimes = new Map();
  const ours: Platform = await database.newSite('second');
  const theirs = await rawPostgres(context, database, await database.newSite('by-hand'));
  const samples = await interleave(context, [
    {
      name: `dr restore, ${size}`,
      before: () => emptySite(ours),
      timed: () => drRestore(ours.envFile, times),
      after: () => emptySite(ours),
    },
    {
      name: `pgbackrest restore and start, ${size}`,
      before: () => theirs.clear(),
      timed: async () => {
        await theirs.restore();
        await theirs.startAndReplay();
      },
      after: () => theirs.clear(),
    },
  ]);
  return [samples, times];
}

async function run(context: BenchContext): Promise<BenchResult> {
  const small = await context.database(SMALL_MEGABYTES);
  const [smallSamples, smallTimes] = await compare(context, small, 'small');
  const large = await context.database(MEGABYTES * context.scale);
  const [largeSamples, largeTimes] = await compare(context, large, 'large');
  const [dr = 0, raw = 0] = largeSamples.map((s) => median(s.seconds));
  const [drSmall = 0, rawSmall = 0] = smallSamples.map((s) => median(s.seconds));
  const fixed = drSmall - rawSmall;
  return {
    measures: [
      { name: 'ratio', value: dr / raw, unit: '×', target: { relation: '≤', value: 1.05 } },
      { name: 'ratio of the fastest rounds', value: fastestRatio(largeSamples[0], largeSamples[1]), unit: '×' },
      { name: 'fixed part, of the small database', value: fixed, unit: 's', target: { relation: '≤', value: 2 } },
      { name: 'ratio without the fixed part', value: (dr - fixed) / raw, unit: '×' },
      { name: 'difference of the large database', value: dr - raw, unit: 's' },
    ],
    samples: [...largeSamples, ...smallSamples],
    facts: {
      ...databaseFacts(large),
      'small database (MB)': Math.round(small.capture.bytes / 1e6),
      ...Object.fromEntries(Object.entries(stepFacts(largeTimes)).map(([k, v]) => [`large: ${k}`, v])),
      ...Object.fromEntries(Object.entries(stepFacts(smallTimes)).map(([k, v]) => [`small: ${k}`, v])),
    },
  };
}

export const b1: Benchmark = { id: 'B1', title: 'dr restore of PostgreSQL ÷ pgbackrest restore and start', run };
