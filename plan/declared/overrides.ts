/** Merges a stack's overrides into the plan: lists whose items have ids are merged by id, everything else is replaced. */
import { didYouMean } from '../nearest.ts';
import { shapeProblems } from '../shape.ts';
import { type Plan, planSchema } from '../types.ts';

/** Of a plan that was merged. */
interface Finding {
  readonly severity: string;
  readonly where: string;
  readonly fact: string;
  readonly hint: string;
}

export interface OverrideProblem {
  /** Keys from the config's root: `plan`, … */
  readonly path: readonly string[];
  readonly fact: string;
  readonly hint: string;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const hasIds = (value: unknown): value is readonly (Json & { readonly id: string })[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => isObject(item) && typeof item.id === 'string');

function mergeById(
  base: readonly (Json & { readonly id: string })[],
  over: Json,
  path: readonly string[],
  problems: OverrideProblem[],
): unknown[] {
  const known = base.map(({ id }) => id);
  for (const id of Object.keys(over).filter((key) => !known.includes(key))) {
    problems.push({
      path: [...path, id],
      fact: `the plan has no ${path.at(-1)} "${id}".${didYouMean(id, known)}`,
      hint: `an override changes an existing ${path.at(-1)} entry: ${known.join(', ')}`,
    });
  }
  return base.map((item) => (item.id in over ? merge(item, over[item.id], [...path, item.id], problems) : item));
}

function merge(base: unknown, over: unknown, path: readonly string[], problems: OverrideProblem[]): unknown {
  if (over === undefined) return base;
  if (hasIds(base) && isObject(over)) return mergeById(base, over, path, problems);
  if (!isObject(base) || !isObject(over)) return over;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
  return Object.fromEntries(keys.map((key) => [key, merge(base[key], over[key], [...path, key], problems)]));
}

const asProblem = ({ where, fact, hint }: Pick<Finding, 'where' | 'fact' | 'hint'>): OverrideProblem => ({
  path: ['plan', ...where.split('.')],
  fact,
  hint,
});

export interface EffectivePlan {
  readonly plan: Plan;
  readonly problems: readonly OverrideProblem[];
}

export interface Overrides {
  readonly base: Plan;
  /** Applied in this order. */
  readonly overrides: readonly Json[];
  /** What the merged plan must pass. */
  readonly check: (plan: Plan) => readonly Finding[];
}

export function overridePlan({ base, overrides, check }: Overrides): EffectivePlan {
  const problems: OverrideProblem[] = [];
  const merged = overrides.reduce<unknown>((plan, over) => merge(plan, over, ['plan'], problems), base);
  const parsed = planSchema.safeParse(merged);
  if (!parsed.success)
    return { plan: base, problems: [...problems, ...shapeProblems(parsed.error, merged).map(asProblem)] };
  const findings = check(parsed.data).filter(({ severity }) => severity === 'error');
  return { plan: parsed.data, problems: [...problems, ...findings.map(asProblem)] };
}
