/** The mutations, always the same for a seed. */
import fc from 'fast-check';
import { ACTS } from './acts.ts';
import { WAYS, type Way } from './damage.ts';
import { HARMLESS } from './harmless.ts';
import { PARTS, type Part } from './parts.ts';
import { FILES } from './site-parts.ts';

export interface Mutation {
  readonly part: Part;
  readonly way: Way;
  /** From 0 to 1: which file of the part, which other one, and where in it. */
  readonly file: number;
  readonly other: number;
  readonly at: number;
}

export interface HarmlessChange {
  readonly part: Part;
  readonly how: keyof typeof HARMLESS;
  readonly file: number;
}

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true, noDefaultInfinity: true });
const where = fc.record({ file: unit, other: unit, at: unit });

function spread<T>(all: readonly T[], seed: number, count: number): readonly T[] {
  if (count >= all.length) return all;
  const [order = []] = fc.sample(fc.shuffledSubarray([...all], { minLength: all.length }), { seed, numRuns: 1 });
  return order.slice(0, count);
}

/** Every part in every way, each once, and as many again at other places as `count` asks for. */
export function mutations({ seed, count }: { readonly seed: number; readonly count: number }): Mutation[] {
  const pairs = PARTS.flatMap((part) => WAYS.map((way) => ({ part, way })));
  const rounds = Array.from({ length: Math.ceil(count / pairs.length) }, () => pairs).flat();
  const places = fc.sample(where, { seed, numRuns: count });
  return spread(rounds, seed, count)
    .slice(0, count)
    .map((pair, n) => ({ ...pair, ...(places[n] ?? { file: 0, other: 0, at: 0 }) }));
}

export function harmlessChanges({ seed, count }: { readonly seed: number; readonly count: number }): HarmlessChange[] {
  const hows = Object.keys(HARMLESS) as (keyof typeof HARMLESS)[];
  const pairs = PARTS.flatMap((part) => hows.map((how) => ({ part, how })));
  const places = fc.sample(unit, { seed, numRuns: count });
  return spread(pairs, seed, count).map((pair, n) => ({ ...pair, file: places[n] ?? 0 }));
}

export function actNames({ seed, count }: { readonly seed: number; readonly count: number }): readonly string[] {
  return spread(Object.keys(ACTS), seed, count);
}

export interface SiteMutation extends Omit<Mutation, 'part'> {
  readonly part: keyof typeof FILES;
}

/** A restored site has no twin. */
export function siteMutations({ seed, count }: { readonly seed: number; readonly count: number }): SiteMutation[] {
  const parts = Object.keys(FILES) as (keyof typeof FILES)[];
  const ways = WAYS.filter((way) => way !== 'take from the other repository');
  const pairs = parts.flatMap((part) => ways.map((way) => ({ part, way })));
  const places = fc.sample(where, { seed, numRuns: count });
  return spread(pairs, seed, count).map((pair, n) => ({ ...pair, ...(places[n] ?? { file: 0, other: 0, at: 0 }) }));
}

/** In seconds: an hour, a day and 400 days, to both sides. */
const SHIFTS = [3600, 86_400, 400 * 86_400].flatMap((seconds) => [seconds, -seconds]);

export function clockShifts({ seed, count }: { readonly seed: number; readonly count: number }): readonly number[] {
  return spread(SHIFTS, seed, count);
}
