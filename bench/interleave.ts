/** Runs the sides of a comparison in turn, so that other work on the machine affects all of them. */
import { performance } from 'node:perf_hooks';
import type { BenchContext, Samples } from './benchmark.ts';

export interface Side {
  readonly name: string;
  /** Not timed. */
  before?(): Promise<void>;
  /** Timed from call to return. */
  timed(): Promise<void>;
  /** Not timed. */
  after?(): Promise<void>;
}

export async function seconds(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

/** The first side alternates from round to round: the second one has warmer caches. */
export async function interleave(
  context: Pick<BenchContext, 'runs' | 'run' | 'say'>,
  sides: readonly Side[],
): Promise<Samples[]> {
  const samples = new Map<string, number[]>(sides.map(({ name }) => [name, []]));
  for (let round = 1; round <= context.runs; round += 1) {
    for (const side of round % 2 ? sides : sides.toReversed()) {
      await side.before?.();
      // Otherwise this round would pay for the previous round's unwritten pages.
      await context.run(['sync']);
      const taken = await seconds(() => side.timed());
      samples.get(side.name)?.push(taken);
      context.say(`  round ${round}: ${side.name} ${taken.toFixed(3)} s`);
      await side.after?.();
    }
  }
  return sides.map(({ name }) => ({ name, seconds: samples.get(name) ?? [] }));
}
