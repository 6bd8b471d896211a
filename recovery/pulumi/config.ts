/** A stack's config. Plain values are set at once; secrets leaf by leaf and by stdin, so that the list of processes shows none. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { hasCode } from '../core/errors.ts';
import { isRecord, type Json } from '../core/json.ts';
import type { Cli } from './cli.ts';
import type { ConfigValue, ConfigValues } from './engine.ts';

const PROJECT = 'go-coffee-dr';
const SECURE = 'secure';

/** Keys of other namespaces, such as `pulumi:disable-default-providers`, keep their prefix. */
function shortKey(key: string): string {
  return key.startsWith(`${PROJECT}:`) ? key.slice(PROJECT.length + 1) : key;
}

function fullKey(key: string): string {
  return key.includes(':') ? key : `${PROJECT}:${key}`;
}

/** A copy without encrypted leaves; undefined where nothing remains. */
function withoutSecrets(value: unknown): unknown {
  if (!isRecord(value)) return value;
  if (SECURE in value) return undefined;
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, withoutSecrets(inner)] as const)
    .filter(([, inner]) => inner !== undefined);
  return entries.length === 0 && Object.keys(value).length > 0 ? undefined : Object.fromEntries(entries);
}

/** The keys of a stack's file, and their values as they stand there. */
function configOf(text: string): Json {
  const document: unknown = parse(text);
  return isRecord(document) && isRecord(document.config) ? document.config : {};
}

/** Pure. Plain values of a stack's file. */
export function plainValues(text: string): ConfigValues {
  const values: Record<string, ConfigValue> = {};
  for (const [key, value] of Object.entries(configOf(text))) {
    const plain = withoutSecrets(value);
    if (plain !== undefined) values[shortKey(key)] = { value: plain };
  }
  return values;
}

export async function readFileValues(
  project: string,
  stack: string,
): Promise<{ keys: string[]; plain: ConfigValues } | undefined> {
  const text = await readFile(join(project, `Pulumi.${stack}.yaml`), 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  return { keys: Object.keys(configOf(text)), plain: plainValues(text) };
}

/** A value as `pulumi config --json` prints it and `config set-all --json` reads it. */
const shownValue = z.object({
  value: z.string().optional(),
  objectValue: z.unknown().optional(),
  secret: z.boolean(),
});
const shownSchema = z.record(z.string(), shownValue);
type ShownValue = z.infer<typeof shownValue>;

/** What the stack's own file sets. Defaults of Pulumi.yaml are excluded: the engine prints them as if they were set. */
export async function readConfigValues(cli: Cli, project: string, stack: string): Promise<ConfigValues> {
  const file = await readFileValues(project, stack);
  if (file === undefined) return {};
  const shown = shownSchema.parse(JSON.parse(await cli(['config', '--json', '--show-secrets', '--stack', stack])));
  const entries = file.keys.flatMap((key) => {
    const found = shown[key];
    if (found === undefined) return [];
    const value = found.objectValue ?? found.value;
    return [[shortKey(key), { value, ...(found.secret ? { secret: true } : {}) }] as const];
  });
  return Object.fromEntries(entries);
}

/** Path and text of each leaf: `s3Credentials["primary"]["writer"]["accessKeyId"]`. */
export function leaves(value: unknown, path: string): [path: string, text: string][] {
  if (!isRecord(value)) return [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}[${JSON.stringify(key)}]`));
}

function asShown(value: unknown): ShownValue {
  if (typeof value === 'object' && value !== null) {
    return { value: JSON.stringify(value), objectValue: value, secret: false };
  }
  return { value: String(value), secret: false };
}

export async function writeConfigValues(cli: Cli, project: string, stack: string, values: ConfigValues): Promise<void> {
  const before = await readConfigValues(cli, project, stack);
  const changed = Object.entries(values).filter(
    ([key, { value }]) => !isDeepStrictEqual(before[key]?.value, typeof value === 'object' ? value : String(value)),
  );
  const plain = changed.filter(([, { secret }]) => secret !== true);
  if (plain.length > 0) {
    const json = Object.fromEntries(plain.map(([key, { value }]) => [fullKey(key), asShown(value)]));
    await cli(['config', 'set-all', '--stack', stack, '--json', JSON.stringify(json)]);
  }
  for (const [key, { value }] of changed.filter(([, { secret }]) => secret === true)) {
    const existing = new Map(before[key] === undefined ? [] : leaves(before[key].value, fullKey(key)));
    for (const [path, text] of leaves(value, fullKey(key))) {
      if (existing.get(path) === text) continue;
      // `--raw` keeps the line break at the end of a kubeconfig or a certificate.
      await cli(['config', 'set', '--stack', stack, '--secret', '--path', '--raw', path], text);
    }
  }
}

export async function removeConfigValues(cli: Cli, stack: string, keys: readonly string[]): Promise<void> {
  for (const key of keys) await cli(['config', 'rm', '--stack', stack, fullKey(key)]);
}
