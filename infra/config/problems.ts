/** The faults of a stack's config: all of them, each with its key, its value and a hint. */
import { RunError } from '@pulumi/pulumi';
import type { z } from 'zod';
import { describeIssue, keysAt, valueAt } from '../../plan/input/field-problems.ts';
import { didYouMean } from '../../plan/nearest.ts';

export interface ConfigProblem {
  /** `storage.repositories.primary.endpoint` */
  readonly path: readonly PropertyKey[];
  readonly fact: string;
  readonly hint: string;
}

/** Always the user's mistake: shown without a stack trace; nothing was changed. */
export class ConfigError extends RunError {
  readonly problems: readonly ConfigProblem[];

  constructor(stack: string, problems: readonly ConfigProblem[], lineOf: (path: readonly PropertyKey[]) => string) {
    const lines = problems.map(
      ({ path, fact, hint }) => `DR-CONFIG ${path.join('.')}${lineOf(path)}: ${fact}\nhint: ${hint}`,
    );
    super(`the config of stack "${stack}" can't be used\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

const WORDING = {
  add: 'add it; Pulumi.yaml describes all keys',
  fix: 'fix this value',
  otherwise: 'fix this value; Pulumi.yaml describes all keys',
  longest: 100,
};

export interface KeyValue {
  readonly key: string;
  readonly schema: z.ZodType;
  readonly raw: unknown;
  /** Its value is not shown. */
  readonly secret: boolean;
}

/** The problems of one config key; the path of each begins with the key. */
export function shapeProblems(error: z.ZodError, { key: at, schema, raw, secret }: KeyValue): ConfigProblem[] {
  return error.issues.flatMap((issue): ConfigProblem[] => {
    const path = [at, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, issue.path);
      return issue.keys.map((key) => ({
        path: [...path, key],
        fact: `unknown key "${key}".${didYouMean(key, known)}`,
        hint: `known keys here: ${known.join(', ')}`,
      }));
    }
    return [{ path, ...describeIssue(issue, valueAt(raw, issue.path), { ...WORDING, schema, hidden: secret }) }];
  });
}
