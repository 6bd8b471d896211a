/** The major version of PostgreSQL, where a preview can know it: only the server that made data can open it. Pure. */
import type { ResolvedPoint } from '../../../recovery/public.ts';
import type { ConfigProblem } from '../../config/problems.ts';
import type { StackConfig } from '../../config/types.ts';

const PATH = ['postgres', 'major'];
const WAY = 'docs/majors.md is the way to another major';

/** @param held what the last `up` of this stack has declared */
export function changedMajorProblems(
  { postgres, generation, site }: Pick<StackConfig, 'postgres' | 'generation' | 'site'>,
  held: { readonly postgresMajor?: number | undefined; readonly generation: number } | undefined,
): ConfigProblem[] {
  const { major } = postgres;
  const before = held?.postgresMajor;
  // A new generation begins with new volumes.
  if (major === undefined || before === undefined || major === before || generation !== held?.generation) return [];
  const fact = `${major}, and the volumes of ${site}-${generation} hold data of PostgreSQL ${before}, which no other major opens`;
  return [{ path: PATH, fact, hint: `write ${before}, and the image of it; ${WAY}` }];
}

/** A recovery begins from a physical copy. */
export function pointMajorProblems(
  { postgres }: Pick<StackConfig, 'postgres'>,
  resolved: Pick<ResolvedPoint, 'postgres'> | undefined,
): ConfigProblem[] {
  if (postgres.major === undefined || resolved?.postgres === undefined) return [];
  const { serverVersion, set } = resolved.postgres;
  const [made = ''] = serverVersion.split('.');
  if (Number(made) === postgres.major) return [];
  const fact = `${postgres.major}, and the set ${set} is of PostgreSQL ${made}, which no other major opens`;
  return [{ path: PATH, fact, hint: `write ${made}, and the image of it; ${WAY}` }];
}
