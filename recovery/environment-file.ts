/** Reads `dr.yaml`: every problem at once, each with file and line, unknown keys with the nearest name. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { didYouMean } from '../plan/nearest.ts';
import { type Environment, environmentSchema } from './environment.ts';
import { badInput } from './errors.ts';

const KNOWN_KEYS = [
  ...Object.keys(environmentSchema.shape),
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
  ],
  ...['socket', 'host', 'configFile', 'path', 'type', 'endpoint', 'region', 'bucket', 'ca', 'uriStyle', 'passphrases'],
  ...['writer', 'restorer', 'accessKeyId', 'secretAccessKey', 'file', 'env', 'from', 'url', 'start', 'stop', 'health'],
];

/** A union's own message ("Invalid input") names nothing: take the branch that came closest. */
function flatten(issue: z.core.$ZodIssue, path: readonly PropertyKey[] = []): { path: PropertyKey[]; text: string }[] {
  const at = [...path, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? [];
    return closest.flatMap((inner) => flatten(inner, at));
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...at, key],
      text: `unknown key "${key}".${didYouMean(key, KNOWN_KEYS)}`,
    }));
  }
  return [{ path: at, text: issue.message }];
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
    const facts = document.errors.map((e) => `line ${lines.linePos(e.pos[0]).line}: ${e.message}`);
    throw badInput({ code: 'ENV-INVALID', where: path, fact: facts.join('\n'), hint: 'mend the YAML at these lines' });
  }
  const parsed = environmentSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const facts = parsed.error.issues
    .flatMap((issue) => flatten(issue))
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
