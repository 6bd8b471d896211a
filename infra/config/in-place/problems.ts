/** Rules for `inPlace` that involve other keys. */
import { lineageName } from '../../../plan/layout.ts';
import type { ConfigProblem } from '../problems.ts';
import type { Plain } from '../schema.ts';
import { FRESH, type InPlace, problem } from './schema.ts';

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
