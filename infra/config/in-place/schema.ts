/** A stack whose database began anew from a point of its own, in new volumes: `dr restore --stack NAME --to TARGET` writes this key. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { idSchema, lineSchema } from '../../../plan/fields.ts';
import { resolvedPointSchema } from '../../../recovery/public.ts';
import type { ConfigProblem } from '../problems.ts';

export const inPlaceSchema = z.strictObject({
  /** The generation that began from the point. The key means nothing to a later one. */
  generation: z.int().min(2),
  /** As it was typed: `latest`, the id of a point, or a time with its zone. */
  from: lineSchema,
  repository: idSchema,
  /** Redis keeps its data where it is not named. */
  stores: z.array(z.enum(['postgres', 'redis'])).min(1),
  /** What `from` was resolved to. Every later run begins from the same point. */
  resolved: resolvedPointSchema,
});
export type InPlace = z.infer<typeof inPlaceSchema>;

interface OfGeneration {
  readonly generation: number;
  readonly inPlace?: InPlace | undefined;
}

/** Undefined where the running generation did not begin from a point. */
export function inPlaceOf({ generation, inPlace }: OfGeneration): InPlace | undefined {
  return inPlace?.generation === generation ? inPlace : undefined;
}

export const FRESH = 'remove inPlace; for a fresh platform: dr rebuild --stack NAME --to TARGET';

export function problem(path: readonly PropertyKey[], fact: string, hint: string): ConfigProblem {
  return { path: ['inPlace', ...path], fact, hint };
}

export interface Before {
  readonly leads: boolean;
  readonly generation: number;
  readonly inPlace?: InPlace | undefined;
}

/** Pure: what the last `up` of this stack has to say of it. A database that exists is never replaced by another `up`. */
export function inPlaceSteps(config: OfGeneration, previous: Before | undefined): ConfigProblem[] {
  const now = inPlaceOf(config);
  const before = previous && inPlaceOf(previous);
  if (now === undefined) {
    if (before === undefined || config.generation !== previous?.generation) return [];
    const fact = `is missing, and generation ${before.generation} began from "${before.from}" in ${before.repository}`;
    return [problem([], fact, 'write it as in the output inPlace: a member with an empty volume is filled from there')];
  }
  if (previous === undefined)
    return [problem([], 'is set, and this stack was never up: there is nothing to restore in place', FRESH)];
  if (!previous.leads)
    return [problem([], 'is set, and this stack follows another site', 'restore the stack that leads')];
  if (config.generation > previous.generation || isDeepStrictEqual(now, before)) return [];
  const began =
    before === undefined ? 'did not begin from a point' : `began from "${before.from}" in ${before.repository}`;
  const fact = `differs from the last up: generation ${config.generation} ${began}, and a database that exists is never replaced`;
  return [
    problem([], fact, `for another point: dr restore --stack NAME --to TARGET, as generation ${config.generation + 1}`),
  ];
}
