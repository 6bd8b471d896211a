/** B5: a restore over a data directory of which one page in a hundred is wrong, against a restore into an empty one. */
import type { Platform } from '../../drill/platform/platform.ts';
import { stopPostgres } from '../../drill/platform/postgres.ts';
import type { BenchContext, Benchmark, BenchResult } from '../benchmark.ts';
import { type Changed, changeOnePercent } from '../changed-pages.ts';
import { databaseFacts, ENVIRONMENT, emptySite, MEGABYTES } from '../database.ts';
import { drRestore, type StepTimes, stepFacts } from '../dr.ts';
import { interleave } from '../interleave.ts';
import { fastestRatio, median } from '../statistics.ts';

const say = ({ pages, ofPages, files, ofFiles }: Changed): string =>
  `${pages} of ${ofPages} pages, in ${files} of ${ofFiles} files`;

async function run(context: BenchContext): Promise<BenchResult> {
  const database = await context.database(MEGABYTES * context.scale);
  const empty = await database.newSite('second');
  const damaged = await database.newSite('damaged');
  await drRestore(damaged.envFile, new Map());
  const facts: Record<string, string> = {};
  const times: StepTimes = new Map();
  const damage = (how: 'together' | 'scattered') => async (): Promise<void> => {
    const { run: program, paths, runAs }: Platform = damaged;
    await stopPostgres(program, paths, runAs);
    facts[`changed ${how}`] = say(await changeOnePercent(paths.postgresData, how));
  };
  const again = (note: StepTimes) => () => drRestore(damaged.envFile, note, '--confirm', ENVIRONMENT);
  const samples = await interleave(context, [
    {
      name: 'full restore',
      before: () => emptySite(empty),
      timed: () => drRestore(empty.envFile, new Map()),
      after: () => emptySite(empty),
    },
    { name: 'delta restore, pages together', before: damage('together'), timed: again(times) },
    { name: 'delta restore, pages scattered', before: damage('scattered'), timed: again(new Map()) },
  ]);
  await emptySite(damaged);
  const [full = 0, together = 0, scattered = 0] = samples.map((s) => median(s.seconds));
  const target = { relation: '≤', value: 0.5 } as const;
  return {
    measures: [
      { name: 'ratio, pages together', value: together / full, unit: '×', target },
      { name: 'ratio, pages scattered', value: scattered / full, unit: '×', target },
      { name: 'fastest rounds, pages together', value: fastestRatio(samples[1], samples[0]), unit: '×' },
      { name: 'fastest rounds, pages scattered', value: fastestRatio(samples[2], samples[0]), unit: '×' },
    ],
    samples,
    facts: { ...databaseFacts(database), ...facts, ...stepFacts(times) },
  };
}

export const b5: Benchmark = { id: 'B5', title: 'delta restore with 1% of the pages changed ÷ full restore', run };
