/** Reads `dr.yaml`: every problem at once, each with file and line, unknown keys with the nearest name. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LineCounter, parseDocument, type YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { didYouMean } from '../../plan/nearest.ts';
import { badInput } from '../core/errors.ts';
import { type Environment, environmentSchema, STORE_PASSWORDS } from './environment.ts';

const KNOWN_KEYS = [
  ...Object.keys(environmentSchema.shape),
  ...STORE_PASSWORDS,
  ...[
    'dataDir',
    'binDir',
    'socketDir',
    'port',
    'user',
    'database',
    'password',
    'configDir',
    'logFile',
    'control',
    'hooks',
    'tls',
    'certificate',
    'key',
  ],
  ...[
    'socket',
    'host',
    'transfer',
    'configFile',
    'path',
    'type',
    'endpoint',
    'region',
    'bucket',
    'ca',
    'uriStyle',
    'passphrases',
  ],
  ...[
    'writer',
    'restorer',
    'admin',
    'accessKeyId',
    'secretAccessKey',
    'file',
    'env',
    'from',
    'url',
    'start',
    'stop',
    'health',
    'healthyWithinSeconds',
    'kubeconfig',
    'context',
    'inCluster',
    'namespaces',
  ],
];

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

/** Fields that name a secret. What stands there instead may be the secret itself and is never shown. */
const SECRET_FIELDS = ['from', 'password', 'accessKeyId', 'secretAccessKey'];

/** Fields with a pair of secrets, or a word. */
const ACCESS_FIELDS = ['writer', 'restorer', 'admin'];

function isSecretRef(path: readonly PropertyKey[]): boolean {
  return SECRET_FIELDS.includes(String(path.at(-1))) || (path.length === 2 && path[0] === 'storePasswords');
}

type Branch = readonly z.core.$ZodIssue[];

/** Of something with fields, a branch that looks into them says more than one that wants another kind of value. */
function closestBranch(branches: readonly Branch[], hasFields: boolean): Branch {
  const looks = (branch: Branch) => branch.some((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys');
  const fitting = hasFields ? branches.filter(looks) : [];
  return [...(fitting.length > 0 ? fitting : branches)].sort((a, b) => a.length - b.length)[0] ?? [];
}

/** A union's own message ("Invalid input") names nothing: take the branch that came closest. */
function flatten(issue: z.core.$ZodIssue, root: unknown, above: readonly PropertyKey[] = []): Problem[] {
  const path = [...above, ...issue.path];
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], root);
  if (isSecretRef(path) && (value === null || typeof value !== 'object')) {
    const text =
      value === undefined || value === null
        ? 'is missing'
        : 'holds a text in this file; a secret is named by {file: /absolute/path} or {env: NAME} and never written here';
    return [{ path, text }];
  }
  if (
    ACCESS_FIELDS.includes(String(path.at(-1))) &&
    value !== undefined &&
    (value === null || typeof value !== 'object')
  ) {
    return [{ path, text: 'is neither {accessKeyId: …, secretAccessKey: …}, each a named secret, nor "web-identity"' }];
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = closestBranch(issue.errors, typeof value === 'object');
    return closest.flatMap((inner) => flatten(inner, root, path));
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      text: `unknown key "${key}".${didYouMean(key, KNOWN_KEYS)}`,
    }));
  }
  if (value === undefined) return [{ path, text: 'is missing' }];
  const shown =
    typeof value === 'object' || path.some((_, i) => isSecretRef(path.slice(0, i))) ? '' : JSON.stringify(value);
  return [{ path, text: shown === '' ? issue.message : `${shown}: ${issue.message}` }];
}

/** The parser says "Map keys must be unique" and not which; the key stands where it points. */
function yamlProblem(text: string, error: YAMLParseError, line: number): string {
  if (error.code !== 'DUPLICATE_KEY') return `line ${line}: ${error.message}`;
  const key = /^[^\s:]+/.exec(text.slice(error.pos[0]))?.[0] ?? '';
  return `line ${line}: the key "${key}" stands there a second time`;
}

/** Throws `ENV-MISSING` or `ENV-INVALID` (exit 2). Relative `file` is taken from the working directory. */
export async function readEnvironment(file: string): Promise<Environment> {
  const path = resolve(file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw badInput({
      code: 'ENV-MISSING',
      where: '--env',
      fact: `the environment file ${path} can't be read (${(cause as NodeJS.ErrnoException).code})`,
      hint: 'name one with --env FILE or DR_ENV; the README shows how to write it',
      cause,
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  if (document.errors.length > 0) {
    const facts = document.errors.map((e) => yamlProblem(text, e, lines.linePos(e.pos[0]).line));
    throw badInput({ code: 'ENV-INVALID', where: path, fact: facts.join('\n'), hint: 'mend the YAML at these lines' });
  }
  const root = document.toJS() as unknown;
  const parsed = environmentSchema.safeParse(root);
  if (parsed.success) return parsed.data;
  const facts = parsed.error.issues
    .flatMap((issue) => flatten(issue, root))
    .map(({ path: at, text: what }) => {
      const node = document.getIn(at, true) ?? document.getIn(at.slice(0, -1), true);
      const range = (node as { range?: [number, number, number] } | undefined)?.range;
      const line = range === undefined ? '' : `line ${lines.linePos(range[0]).line}: `;
      return `${line}${at.map(String).join('.')}: ${what}`;
    });
  throw badInput({
    code: 'ENV-INVALID',
    where: path,
    fact: facts.join('\n'),
    hint: 'mend these fields; nothing was done',
  });
}
