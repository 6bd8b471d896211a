/** zod's issues as facts that quote the value, with hints that say what to write. */
import type { z } from 'zod';
import { fieldName, type Path } from './checks/finding.ts';
import { didYouMean } from './nearest.ts';
import { keysAt } from './schema.ts';

export interface ShapeProblem {
  readonly path: Path;
  readonly where: string;
  readonly fact: string;
  readonly hint: string;
  /** True where the key is wrong, false where its value is. */
  readonly atKey: boolean;
}

const LONGEST_QUOTE = 80;

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((node, key) => {
    return typeof node === 'object' && node !== null ? (node as Record<string | number, unknown>)[key] : undefined;
  }, root);
}

const WORDS: Readonly<Record<string, string>> = { array: 'a list', object: 'keys and values', int: 'a whole number' };

function describe(issue: z.core.$ZodIssue, value: unknown): { fact: string; hint: string } {
  const fix = 'fix this field; `dr plan schema` lists all fields';
  if (issue.code === 'invalid_value' || (issue.code === 'invalid_union' && value !== undefined)) {
    const names = 'values' in issue ? issue.values.map(String) : ['engines', 'export'];
    return {
      fact: `${quote(value)} is not known here.${didYouMean(String(value), names)}`,
      hint: `write one of: ${names.join(', ')}`,
    };
  }
  if (value === undefined) return { fact: 'is missing', hint: 'add it; `dr plan schema` lists all fields' };
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    return { fact: `${quote(value)} is not ${WORDS[issue.expected] ?? `a ${issue.expected}`}`, hint: fix };
  }
  // The messages of plan/fields.ts quote the value themselves; what follows the semicolon is the hint.
  const [fact, ...rest] = issue.message.split('; ');
  if (fact === undefined || rest.length === 0) return { fact: `${quote(value)}: ${issue.message}`, hint: fix };
  return { fact, hint: rest.join('; ') };
}

export function shapeProblems(error: z.ZodError, raw: unknown): ShapeProblem[] {
  return error.issues.flatMap((issue): ShapeProblem[] => {
    // A key of a plan is never a symbol.
    const at = issue.path as Path;
    if (issue.code !== 'unrecognized_keys') {
      return [{ path: at, where: fieldName(raw, at), ...describe(issue, valueAt(raw, at)), atKey: false }];
    }
    const known = keysAt(at);
    return issue.keys.map((key) => ({
      path: [...at, key],
      where: fieldName(raw, [...at, key]),
      fact: `unknown key "${key}".${didYouMean(key, known)}`,
      hint: `known keys here: ${known.join(', ')}`,
      atKey: true,
    }));
  });
}
