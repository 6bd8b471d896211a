/** A stack's config: plain values at once, secrets leaf by leaf and by stdin, so that none stands in the list of processes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import type { Cli } from './cli.ts';
import type { ConfigValue, ConfigValues } from './engine.ts';

const PROJECT = 'go-coffee-dr';
const SECURE = 'secure';

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys of other namespaces, `pulumi:disable-default-providers`, keep theirs. */
function shortKey(key: string): string {
  return key.startsWith(`${PROJECT}:`) ? key.slice(PROJECT.length + 1) : key;
}

function fullKey(key: string): string {
  return key.includes(':') ? key : `${PROJECT}:${key}`;
}

/** A copy without the leaves that are encrypted; undefined where nothing is left. */
function withoutSecrets(value: unknown): unknown {
  if (!isRecord(value)) return value;
  if (SECURE in value) return undefined;
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, withoutSecrets(inner)] as const)
    .filter(([, inner]) => inner !== undefined);
  return entries.length === 0 && Object.keys(value).length > 0 ? undefined : Object.fromEntries(entries);
}

/** Pure. Plain values of a stack's file. */
export function plainValues(text: string): ConfigValues {
  const document = parse(text) as { readonly config?: Json } | null;
  const values: Record<string, ConfigValue> = {};
  for (const [key, value] of Object.entries(document?.config ?? {})) {
    const plain = withoutSecrets(value);
    if (plain !== undefined) values[shortKey(key)] = { value: plain };
  }
  return values;
}

export async function readFileValues(
  project: string,
  stack: string,
): Promise<{ keys: string[]; plain: ConfigValues } | undefined> {
  const text = await readFile(join(project, `Pulumi.${stack}.yaml`), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const document = parse(text) as { readonly config?: Json } | null;
  return { keys: Object.keys(document?.config ?? {}), plain: plainValues(text) };
}

interface Shown {
  readonly value?: string;
  readonly objectValue?: unknown;
  readonly secret: boolean;
}

/** What the stack's own file sets: defaults of Pulumi.yaml are left out, because they are shown as if they were set. */
export async function readConfigValues(cli: Cli, project: string, stack: string): Promise<ConfigValues> {
  const file = await readFileValues(project, stack);
  if (file === undefined) return {};
  const shown = JSON.parse(await cli(['config', '--json', '--show-secrets', '--stack', stack])) as Record<
    string,
    Shown
  >;
  const entries = file.keys.flatMap((key) => {
    const found = shown[key];
    if (found === undefined) return [];
    const value = found.objectValue ?? found.value;
    return [[shortKey(key), { value, ...(found.secret ? { secret: true } : {}) }] as const];
  });
  return Object.fromEntries(entries);
}

/** Paths of all leaves with their texts: `s3Credentials["primary"]["writer"]["accessKeyId"]`. */
export function leaves(value: unknown, path: string): [path: string, text: string][] {
  if (!isRecord(value)) return [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}[${JSON.stringify(key)}]`));
}

function asShown(value: unknown): Shown {
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
    const there = new Map(before[key] === undefined ? [] : leaves(before[key].value, fullKey(key)));
    for (const [path, text] of leaves(value, fullKey(key))) {
      if (there.get(path) === text) continue;
      // `--raw`: a kubeconfig or a certificate ends with a line break.
      await cli(['config', 'set', '--stack', stack, '--secret', '--path', '--raw', path], text);
    }
  }
}

export async function removeConfigValues(cli: Cli, stack: string, keys: readonly string[]): Promise<void> {
  for (const key of keys) await cli(['config', 'rm', '--stack', stack, fullKey(key)]);
}
