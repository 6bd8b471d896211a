/** The faults of a stack's config: all of them, each with its key, its value and a hint. */
import { RunError } from '@pulumi/pulumi';
import { z } from 'zod';
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

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly oneOf?: readonly Node[];
  readonly anyOf?: readonly Node[];
}

const branches = (node: Node): Node[] => [node, ...(node.oneOf ?? []), ...(node.anyOf ?? [])];

function next(node: Node, key: PropertyKey): Node[] {
  if (typeof key === 'number') return node.items === undefined ? [] : [node.items];
  const named = node.properties?.[String(key)];
  if (named !== undefined) return [named];
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let nodes: Node[] = [z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node];
  for (const key of path) nodes = nodes.flatMap(branches).flatMap((node) => next(node, key));
  return [...new Set(nodes.flatMap(branches).flatMap((node) => Object.keys(node.properties ?? {})))];
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key], root);
}

const WORDS: Readonly<Record<string, string>> = { array: 'a list', object: 'keys and values', int: 'a whole number' };

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

interface Described {
  readonly issue: z.core.$ZodIssue;
  readonly value: unknown;
  /** The value is not quoted. */
  readonly secret: boolean;
}

function describe({ issue, value, secret }: Described): { fact: string; hint: string } {
  const shown = secret ? 'the value' : quote(value);
  if (value === undefined) return { fact: 'is missing', hint: 'add it; Pulumi.yaml describes all keys' };
  if (issue.code === 'invalid_value') {
    const names = issue.values.map(String);
    const nearest = secret ? '' : didYouMean(String(value), names);
    return { fact: `${shown} is not known here.${nearest}`, hint: `write one of: ${names.join(', ')}` };
  }
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    return { fact: `${shown} is not ${WORDS[issue.expected] ?? `a ${issue.expected}`}`, hint: 'fix this value' };
  }
  const [fact, ...rest] = issue.message.split('; ');
  const hint = rest.length > 0 ? rest.join('; ') : 'fix this value; Pulumi.yaml describes all keys';
  return { fact: secret ? `${fact}` : `${shown}: ${fact}`, hint };
}

export interface RefusedKey {
  readonly key: string;
  readonly schema: z.ZodType;
  readonly error: z.ZodError;
  /** The refused value. */
  readonly raw: unknown;
  /** No part of the value is quoted. */
  readonly secret: boolean;
}

/** The problems of one config key. */
export function shapeProblems({ key: at, schema, error, raw, secret }: RefusedKey): ConfigProblem[] {
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
    return [{ path, ...describe({ issue, value: valueAt(raw, issue.path), secret }) }];
  });
}
