/** B2: `dr restore` against the least that any restore can do: copy the files, bring them to disk, replay the WAL. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchContext, Benchmark, BenchResult } from '../benchmark.ts';
import { databaseFacts, emptySite, MEGABYTES } from '../database.ts';
import { drRestore, type StepTimes, stepFacts } from '../dr.ts';
import { interleave } from '../interleave.ts';
import { rawPostgres } from '../raw-postgres.ts';
import { fastestRatio, median } from '../statistics.ts';

async function run(context: BenchContext): Promise<BenchResult> {
  const database = await context.database(MEGABYTES * context.scale);
  const ours = await database.newSite('second');
  const theirSite = await database.newSite('by-hand');
  const theirs = await rawPostgres(context, database, theirSite);
  await theirs.clear();
  await theirs.restore();
  // As a cold copy on a disk beside it: laid down, never started.
  const copy = join(theirSite.paths.root, 'copy');
  await rename(theirSite.paths.postgresData, copy);
  const times: StepTimes = new Map();
  const samples = await interleave(context, [
    {
      name: 'dr restore',
      before: () => emptySite(ours),
      timed: () => drRestore(ours.envFile, times),
      after: () => emptySite(ours),
    },
    {
      name: 'cp -a, sync, start and replay',
      before: () => theirs.clear(),
      timed: async () => {
        await context.run(['cp', '-a', copy, theirSite.paths.postgresData]);
        await context.run(['sync', '-f', theirSite.paths.postgresData]);
        await theirs.startAndReplay();
      },
      after: () => theirs.clear(),
    },
  ]);
  await context.run(['rm', '-rf', copy]);
  const [dr = 0, floor = 0] = samples.map((s) => median(s.seconds));
  return {
    measures: [
      { name: 'ratio', value: dr / floor, unit: '×', target: { relation: '≤', value: 1.5 } },
      { name: 'ratio of the fastest rounds', value: fastestRatio(samples[0], samples[1]), unit: '×' },
    ],
    samples,
    facts: { ...databaseFacts(database), ...stepFacts(times) },
  };
}

export const b2: Benchmark = {
  id: 'B2',
  title: 'dr restore of PostgreSQL ÷ copy of the files, sync and the same replay',
  run,
};
