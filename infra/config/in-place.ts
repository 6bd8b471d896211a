/** A stack whose database began anew from a point of its own, in new volumes: `dr restore --stack NAME --to TARGET` writes this key. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { idSchema, lineSchema } from '../../plan/fields.ts';
import { lineageName } from '../../plan/layout.ts';
import { resolvedPointSchema } from '../../recovery/public.ts';
import type { ConfigProblem } from './problems.ts';
import type { Plain } from './schema.ts';

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

const FRESH = 'remove inPlace; for a fresh platform: dr rebuild --stack NAME --to TARGET';

function problem(path: readonly PropertyKey[], fact: string, hint: string): ConfigProblem {
  return { path: ['inPlace', ...path], fact, hint };
}

/** What has to be there for each store. */
function storeProblems({ stores, resolved }: InPlace, { external }: Plain): ConfigProblem[] {
  const without = stores.filter((store) => resolved[store] === undefined);
  const elsewhere = stores.filter((store) => external?.[store] !== undefined);
  return [
    ...(stores.includes('postgres')
      ? []
      : [problem(['stores'], 'lacks postgres: a generation is one of the database', 'add postgres')]),
    ...without.map((store) =>
      problem(
        ['resolved'],
        `holds no copy of ${store}`,
        `choose another point, or take ${store} out of inPlace.stores`,
      ),
    ),
    ...elsewhere.map((store) =>
      problem(
        ['stores'],
        `names ${store}, and it stays where it is (external.${store})`,
        'docs/external.md says how such a server comes back',
      ),
    ),
  ];
}

/** Pure. */
export function inPlaceProblems(plain: Plain): ConfigProblem[] {
  const { inPlace, generation = 1, role, standby, postgres, site = '', storage } = plain;
  if (inPlace === undefined || inPlace.generation < generation) return [];
  const { from, repository, resolved } = inPlace;
  if (inPlace.generation > generation) {
    const fact = `is of generation ${inPlace.generation}, and this stack is generation ${generation}`;
    return [problem(['generation'], fact, `write generation: ${inPlace.generation}, or remove inPlace`)];
  }
  if (role !== undefined && role !== 'primary')
    return [problem([], `is set, and role is "${role}": only a primary is restored where it is`, FRESH)];
  if (standby !== undefined)
    return [problem([], 'is set beside standby: this stack began as a copy of another site', FRESH)];
  if (postgres?.adopt?.phase === 'follow')
    return [problem([], 'is set, and the database only follows the server that it will take over', FRESH)];
  const other = (['from', 'repository'] as const)
    .filter((key) => inPlace[key] !== resolved[key])
    .map((key) =>
      problem(
        [key],
        `"${inPlace[key]}", and inPlace.resolved was resolved from "${resolved[key]}"`,
        `write ${resolved[key]} again`,
      ),
    );
  const detached = storage?.detached?.includes(repository)
    ? [problem(['repository'], `"${repository}" is detached`, `attach it first: dr repository attach ${repository}`)]
    : [];
  const own = lineageName(site, generation);
  const itself =
    resolved.postgres?.lineage === own
      ? [
          problem(
            ['resolved'],
            `is of ${own}: from "${from}" this database would archive into the lineage that it begins from`,
            `write the next generation: ${generation + 1}`,
          ),
        ]
      : [];
  return [...other, ...detached, ...itself, ...storeProblems(inPlace, plain)];
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
