/** zod's issues as facts that quote the value, with hints that say what to write. */
import type { z } from 'zod';
import { fieldName, type Path } from './checks/finding.ts';
import { describeIssue, keysAt, valueAt, type Wording } from './input/field-problems.ts';
import { didYouMean } from './nearest.ts';
import { planSchema } from './types.ts';

export interface ShapeProblem {
  readonly path: Path;
  readonly where: string;
  readonly fact: string;
  readonly hint: string;
  /** True where the key is wrong, false where its value is. */
  readonly atKey: boolean;
}

/** The messages of plan/fields.ts quote the value themselves. */
const WORDING: Wording = {
  schema: planSchema,
  add: 'add it; `dr plan schema` lists all fields',
  fix: 'fix this field; `dr plan schema` lists all fields',
  longest: 80,
  quoted: true,
};

export function shapeProblems(error: z.ZodError, raw: unknown): ShapeProblem[] {
  return error.issues.flatMap((issue): ShapeProblem[] => {
    const at = issue.path.filter((key) => typeof key !== 'symbol');
    if (issue.code !== 'unrecognized_keys') {
      return [
        { path: at, where: fieldName(raw, at), ...describeIssue(issue, valueAt(raw, at), WORDING), atKey: false },
      ];
    }
    const known = keysAt(planSchema, at);
    return issue.keys.map((key) => ({
      path: [...at, key],
      where: fieldName(raw, [...at, key]),
      fact: `unknown key "${key}".${didYouMean(key, known)}`,
      hint: `known keys here: ${known.join(', ')}`,
      atKey: true,
    }));
  });
}
