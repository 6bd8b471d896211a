/** Reads `dr.yaml` and reports every problem at once: each with its line, unknown keys with the nearest name. */
import { resolve } from 'node:path';
import type { z } from 'zod';
import { keysAt, valueAt } from '../../plan/input/field-problems.ts';
import { parseYaml, type SyntaxProblem } from '../../plan/input/yaml-text.ts';
import { didYouMeanOrAll } from '../../plan/nearest.ts';
import { badInput, codeOf } from '../core/errors.ts';
import { readRegular } from '../core/files/regular.ts';
import { type Environment, environmentSchema } from './environment.ts';

type Path = readonly PropertyKey[];

interface Problem {
  readonly path: Path;
  readonly text: string;
  /** The key itself is what is wrong, not its value. */
  readonly atKey?: true;
}

/** Fields that name a secret. A wrong value may be the secret itself and is never shown. */
const SECRET_FIELDS = ['from', 'password', 'accessKeyId', 'secretAccessKey'];

/** Fields that hold a pair of secrets, or one word. */
const ACCESS_FIELDS = ['writer', 'restorer', 'admin'];

function isSecretRef(path: Path): boolean {
  return SECRET_FIELDS.includes(String(path.at(-1))) || (path.length === 2 && path[0] === 'storePasswords');
}

type Branch = readonly z.core.$ZodIssue[];

/** For a value with fields, a branch that names one of them says more than a branch that wants another kind of value. */
function closestBranch(branches: readonly Branch[], value: unknown): Branch {
  const namesField = (branch: Branch) =>
    branch.some((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys');
  const fitting = typeof value === 'object' ? branches.filter(namesField) : [];
  return [...(fitting.length > 0 ? fitting : branches)].sort((a, b) => a.length - b.length)[0] ?? [];
}

/** A union's own message ("Invalid input") names nothing: take the branch that came closest. */
function flatten(issue: z.core.$ZodIssue, root: unknown, above: Path = []): Problem[] {
  const path = [...above, ...issue.path];
  const value = valueAt(root, path);
  const hasFields = value !== null && typeof value === 'object';
  if (isSecretRef(path) && !hasFields) {
    const text =
      value === undefined || value === null
        ? 'is missing'
        : 'holds a text in this file; a secret is named by {file: /absolute/path} or {env: NAME} and never written here';
    return [{ path, text }];
  }
  if (ACCESS_FIELDS.includes(String(path.at(-1))) && value !== undefined && !hasFields) {
    return [{ path, text: 'is neither {accessKeyId: …, secretAccessKey: …}, each a named secret, nor "web-identity"' }];
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return closestBranch(issue.errors, value).flatMap((inner) => flatten(inner, root, path));
  }
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(environmentSchema, path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      text: `unknown key "${key}".${didYouMeanOrAll(key, known)}`,
      atKey: true,
    }));
  }
  if (value === undefined) return [{ path, text: 'is missing' }];
  const hidden = hasFields || path.some((_, i) => isSecretRef(path.slice(0, i)));
  return [{ path, text: hidden ? issue.message : `${shown(value)}: ${issue.message}` }];
}

/** What stands before the @ of an address may be a password. */
function shown(value: unknown): string {
  return JSON.stringify(value).replace(/(:\/\/)[^/@]*@/g, '$1…@');
}

function syntaxFact({ line, doubled, message }: SyntaxProblem): string {
  return `line ${line}: ${doubled === undefined ? message : `the key "${doubled}" stands there a second time`}`;
}

/** Throws `ENV-MISSING` or `ENV-INVALID` (exit 2). Relative `file` is taken from the working directory. */
export async function readEnvironment(file: string): Promise<Environment> {
  const path = resolve(file);
  let text: string;
  try {
    text = (await readRegular(path)).toString('utf8');
  } catch (cause) {
    throw badInput({
      code: 'ENV-MISSING',
      where: '--env',
      fact: `the environment file ${path} can't be read (${codeOf(cause)})`,
      hint: 'name one with --env FILE or DR_ENV; dr.example.yaml is one to copy, and docs/host.md explains it',
      cause,
    });
  }
  return parseEnvironment(text, path);
}

/**
 * The text of an environment file, wherever it comes from. Throws `ENV-INVALID` (exit 2).
 * @param path for messages
 */
export function parseEnvironment(text: string, path: string): Environment {
  const yaml = parseYaml(text);
  if (yaml.problems.length > 0) {
    const fact = yaml.problems.map(syntaxFact).join('\n');
    throw badInput({ code: 'ENV-INVALID', where: path, fact, hint: 'fix the YAML at these lines' });
  }
  const root = yaml.data();
  const parsed = environmentSchema.safeParse(root);
  if (parsed.success) return parsed.data;
  const facts = parsed.error.issues
    .flatMap((issue) => flatten(issue, root))
    .map(({ path: at, text: what, atKey }) => {
      const line = (atKey ? yaml.lineOfKey(at) : undefined) ?? yaml.lineOf(at);
      return `${line === undefined ? '' : `line ${line}: `}${at.map(String).join('.')}: ${what}`;
    });
  throw badInput({
    code: 'ENV-INVALID',
    where: path,
    fact: facts.join('\n'),
    hint: 'fix these fields; nothing was changed',
  });
}
