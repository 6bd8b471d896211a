/** B6: `dr backup` against the same engines run by hand, one after another. */
import { join } from 'node:path';
import { z } from 'zod';
import { backUpByHand } from '../backup-by-hand.ts';
import type { BenchContext, Benchmark, BenchResult } from '../benchmark.ts';
import { dr } from '../dr.ts';
import { interleave } from '../interleave.ts';
import { fastestRatio, median } from '../statistics.ts';
import { platformWithTwoRepositories } from '../two-repositories.ts';

const backupSchema = z.object({
  startedAt: z.string(),
  endedAt: z.string(),
  workloads: z.array(z.object({ workload: z.string(), seconds: z.number() })),
});

function medians(times: ReadonlyMap<string, number[]>, prefix: string): Record<string, number> {
  return Object.fromEntries(
    [...times].map(([name, seconds]) => [`${prefix} ${name} (s)`, Number(median(seconds).toFixed(2))]),
  );
}

const add = (times: Map<string, number[]>) => (name: string, seconds: number) =>
  void times.set(name, [...(times.get(name) ?? []), seconds]);

async function run(context: BenchContext): Promise<BenchResult> {
  context.say('make a platform with two repositories');
  const platform = await platformWithTwoRepositories(join(context.folder, 'two'), 2 * context.scale);
  const ours = new Map<string, number[]>();
  const theirs = new Map<string, number[]>();
  const backUp = async (note = add(ours)): Promise<void> => {
    const begun = Date.now();
    const answer = await dr(platform.envFile, backupSchema, 'backup', '--kind', 'full');
    note('before the run', (Date.parse(answer.startedAt) - begun) / 1000);
    for (const { workload, seconds } of answer.workloads) note(workload, seconds);
    note('after the run', (Date.now() - Date.parse(answer.endedAt)) / 1000);
  };
  // The first run of each fills packs, caches and mirrors for the later ones.
  await backUp(() => undefined);
  await backUpByHand(context, platform, () => undefined);
  const samples = await interleave(context, [
    { name: 'dr backup', timed: () => backUp() },
    { name: 'engines by hand, one after another', timed: () => backUpByHand(context, platform, add(theirs)) },
  ]);
  await platform.destroy();
  const [ours_ = 0, byHand = 0] = samples.map((s) => median(s.seconds));
  return {
    measures: [
      { name: 'ratio', value: ours_ / byHand, unit: '×', target: { relation: '≤', value: 1.05 } },
      { name: 'ratio of the fastest rounds', value: fastestRatio(samples[0], samples[1]), unit: '×' },
    ],
    samples,
    facts: { ...medians(ours, 'dr:'), ...medians(theirs, 'by hand:') },
  };
}

export const b6: Benchmark = { id: 'B6', title: 'dr backup ÷ the engines by hand, one after another', run };
