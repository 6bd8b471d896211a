/** B8: preview of a recovered platform, four times as many objects. */
import type { BenchContext, Benchmark, BenchResult } from '../benchmark.ts';
import { interleave } from '../interleave.ts';
import { madeUpPlatform } from '../made-up-platform.ts';
import { JOB_PROFILES, recoveredStack } from '../recovered-stack.ts';
import { median } from '../statistics.ts';

const MANY = 2000;
const FEW = 500;

async function run(context: BenchContext): Promise<BenchResult> {
  context.say(`by ${JOB_PROFILES}`);
  await using many = await recoveredStack(madeUpPlatform(MANY));
  await using few = await recoveredStack(madeUpPlatform(FEW));
  const side = (stack: typeof many, count: number) => ({
    name: `preview, ${count} objects`,
    timed: async () => {
      const declared = await stack.preview();
      if (declared < count) throw new Error(`the preview shows ${declared} resources of ${count} and more`);
    },
  });
  // The first run of a program reads and compiles it.
  await few.preview();
  const samples = await interleave(context, [side(many, MANY), side(few, FEW)]);
  const [whole = 0, part = 0] = samples.map(({ seconds }) => median(seconds));
  return {
    measures: [
      { name: `${MANY} ÷ ${FEW} objects`, value: whole / part, unit: '×', target: { relation: '≤', value: 4.4 } },
      { name: 'each further object', value: ((whole - part) * 1000) / (MANY - FEW), unit: 'ms' },
    ],
    samples,
    facts: { by: JOB_PROFILES, objects: MANY },
  };
}

export const b8: Benchmark = { id: 'B8', title: 'preview of a recovered platform', run };
