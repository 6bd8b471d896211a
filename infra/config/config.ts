/**
 * The only reader of Pulumi's config. A stack's values become a `StackConfig`, or a `ConfigError` that lists every problem.
 * `parseConfig` is pure; `readConfig` takes the values from the engine.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { checkMeaning, checkPlan } from '../../plan/checks/validate.ts';
import { externalCopies, withExternalPostgres } from '../../plan/declared/external.ts';
import { namespacesOf } from '../../plan/declared/namespaces.ts';
import { overridePlan } from '../../plan/declared/overrides.ts';
import { withVolumes } from '../../plan/declared/volumes.ts';
import { planDigest } from '../../plan/digest.ts';
import { didYouMean } from '../../plan/nearest.ts';
import { productionPlan } from '../../plan/production.ts';
import type { Plan } from '../../plan/types.ts';
import { hasCode } from '../../recovery/public.ts';
import { withoutConsequences } from './consequences.ts';
import { doubledKeys, lineFinder, type StackFile } from './lines.ts';
import { makeStackConfig } from './make.ts';
import { ConfigError, type ConfigProblem, shapeProblems } from './problems.ts';
import { locationOverrides, ruleProblems } from './rules.ts';
import { CONFIG_KEYS, type Plain, plainSchemas, REQUIRED_KEYS, type Secret, secretSchemas } from './schema.ts';
import type { StackConfig } from './types.ts';
import { volumeProblems } from './volumes/problems.ts';
import { copiedOf, type PlatformVolume, volumesOf } from './volumes/schema.ts';

export { ConfigError } from './problems.ts';
export type * from './types.ts';

const PROJECT = 'go-coffee-dr';

export interface RawConfig {
  readonly stack: string;
  /** Keys without the project's name; values as Pulumi gives them: text, or JSON of anything else. */
  readonly values: Readonly<Record<string, string>>;
  /** Which of them are encrypted in the stack's file. */
  readonly secretKeys: readonly string[];
  readonly file?: StackFile | undefined;
}

/** An empty default of Pulumi.yaml means that the key is absent: Pulumi requires a declared key without a default in every stack. */
const isAbsent = (text: string | undefined): boolean => text === undefined || ['', '{}', '[]'].includes(text);

/** The text itself where the schema accepts text; otherwise the JSON in it, or the text for the schema to refuse. */
function readValue(text: string, schema: { safeParse(value: unknown): { success: boolean } }): unknown {
  if (schema.safeParse(text).success) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

interface Parsed {
  readonly plain: Plain;
  readonly secret: Secret;
  readonly problems: readonly ConfigProblem[];
}

function parseKeys({ values, secretKeys }: RawConfig): Parsed {
  const problems: ConfigProblem[] = [];
  const plain: Record<string, unknown> = {};
  const secret: Record<string, unknown> = {};
  for (const key of Object.keys(values).filter((name) => !CONFIG_KEYS.includes(name))) {
    const hint = `known keys: ${CONFIG_KEYS.join(', ')}`;
    problems.push({ path: [key], fact: `unknown key "${key}".${didYouMean(key, CONFIG_KEYS)}`, hint });
  }
  for (const [key, schema] of Object.entries({ ...plainSchemas, ...secretSchemas })) {
    const isSecret = key in secretSchemas;
    const text = values[key];
    // A group of which every field has a default needs no value.
    const empty = isAbsent(text) && !isSecret && schema.safeParse({}).success ? '{}' : undefined;
    if (text === undefined || (isAbsent(text) && empty === undefined)) {
      if (empty === undefined && (REQUIRED_KEYS as readonly string[]).includes(key)) {
        problems.push({
          path: [key],
          fact: 'is missing',
          hint: `pulumi config set ${key} …; Pulumi.yaml describes it`,
        });
      }
      if (empty === undefined) continue;
    }
    if (isSecret && !secretKeys.includes(key)) {
      const hint = `pulumi config set --secret ${key}, and treat the old value as known to others`;
      problems.push({ path: [key], fact: 'is in plain text in the stack config', hint });
      continue;
    }
    const raw = readValue(empty ?? (text as string), schema);
    const parsed = schema.safeParse(raw);
    if (parsed.success) (isSecret ? secret : plain)[key] = parsed.data;
    else problems.push(...shapeProblems(parsed.error, { key, schema, raw, secret: isSecret }));
  }
  return { plain: plain as Plain, secret: secret as Secret, problems };
}

/** A drill's namespaces have no volume of the site. */
function volumesIn({ volumes, namespaces, recovery, standby, role }: Plain): PlatformVolume[] {
  if (recovery?.isolated === true) return [];
  const map = (role === 'recovery' ? recovery : standby)?.map.namespace ?? {};
  return volumesOf(volumes, { namespaces: namespacesOf(namespaces ?? {}), map, moved: role === 'recovery' });
}

/** Throws ConfigError. @param base @default the shipped plan */
export function parseConfig(raw: RawConfig, base: Plan = productionPlan): StackConfig {
  const { plain, secret, problems } = parseKeys(raw);
  const locations = locationOverrides(plain, base);
  // An objective that is missed must not keep anyone from restoring.
  const check = plain.role === 'recovery' ? checkMeaning : checkPlan;
  const effective = overridePlan({
    base,
    overrides: [...locations.overrides, plain.plan ?? {}],
    check,
  });
  // A drill's PostgreSQL is its own.
  const server = plain.recovery?.isolated === true ? undefined : plain.external?.postgres;
  const stores = server === undefined ? effective.plan : withExternalPostgres(effective.plan, externalCopies(server));
  const volumes = volumesIn(plain);
  const plan = withVolumes(stores, copiedOf(volumes));
  const { volumes: key, folders } = plain;
  const replaced = effective.plan.workloads;
  const about = {
    key,
    volumes,
    folders,
    namespaces: namespacesOf(plain.namespaces ?? {}),
    base: stores,
    replaced,
    plan,
  };
  const rules = [...ruleProblems(plain, secret, plan), ...volumeProblems(about, check)];
  const all = [
    ...doubledKeys(raw.file, PROJECT),
    ...problems,
    ...locations.problems,
    ...effective.problems,
    ...withoutConsequences(rules, problems),
  ];
  if (all.length > 0) throw new ConfigError(raw.stack, all, lineFinder(raw.file, PROJECT));
  return makeStackConfig({ stack: raw.stack, plain, secret, plan, planDigest: planDigest(plan), volumes });
}

/** Pulumi's types lack `isConfigSecret`, the only way to ask which keys are encrypted. */
const runtime: typeof pulumi.runtime & { isConfigSecret?: (key: string) => boolean } = pulumi.runtime;

/** Throws TypeError where Pulumi no longer tells: a secret in plain text must not pass. */
function isSecretKey(key: string): boolean {
  if (runtime.isConfigSecret === undefined)
    throw new TypeError('this version of Pulumi does not tell which keys are secret');
  return runtime.isConfigSecret(key);
}

function stackFile(stack: string): StackFile | undefined {
  const name = `Pulumi.${stack}.yaml`;
  try {
    return { name, text: readFileSync(join(import.meta.dirname, '..', '..', name), 'utf8') };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Problems that are not in the values alone, with the lines of the stack's file. */
export function configError(stack: string, problems: readonly ConfigProblem[]): ConfigError {
  return new ConfigError(stack, problems, lineFinder(stackFile(stack), PROJECT));
}

/** The config of the running stack. Throws ConfigError. */
export function readConfig(): StackConfig {
  const stack = pulumi.getStack();
  const prefix = `${PROJECT}:`;
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  const values = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
  const secretKeys = Object.keys(values).filter((key) => isSecretKey(`${prefix}${key}`));
  return parseConfig({ stack, values, secretKeys, file: stackFile(stack) });
}
