/** A preview of a stack that is recovered from a captured platform: by the real engine, or by the program alone. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type CapturedPlatform, packPlatform } from '../recovery/public.ts';
import { type Engine, hasPulumi, setSecrets, startEngine } from '../tests/infra/engine/engine.ts';
import { record, shippedConfig, TEST_SECRETS } from '../tests/infra/recording.ts';
import { PIN, recoveryConfig } from '../tests/infra/recovered/captured-platform.ts';

export interface RecoveredStack extends AsyncDisposable {
  /** How many resources it declares. */
  preview(): Promise<number>;
}

export const JOB_PROFILES = hasPulumi
  ? 'the real engine, with providers that make nothing'
  : 'the program alone, its resources recorded: pulumi is not on the PATH';

/** What an `up` has left: then no repository is asked, and the time is the platform's own. */
async function outputsOf(platform: CapturedPlatform): Promise<Readonly<Record<string, unknown>>> {
  const recoveredObjects = await packPlatform(platform);
  return { leads: true, site: 'local', generation: 2, recoveredFrom: PIN, recoveredObjects };
}

async function recorded(platform: CapturedPlatform): Promise<RecoveredStack> {
  const previous = await outputsOf(platform);
  return {
    async preview() {
      const recording = await record('local', recoveryConfig(), { previous });
      return recording.filter(({ custom }) => custom).length;
    },
    async [Symbol.asyncDispose]() {},
  };
}

const PROJECT = 'go-coffee-dr';

/** The stack's file, and a state in which there is nothing but outputs. */
async function prepare(engine: Engine, stack: string, platform: CapturedPlatform): Promise<void> {
  await engine.ok('stack', 'init', stack);
  const { secretValues, ...own } = recoveryConfig();
  const plain = Object.entries({ ...(await shippedConfig('local')), ...own });
  const config = { 'pulumi:disable-default-providers': ['aws', 'kubernetes'] };
  const keys = Object.fromEntries(plain.map(([key, value]) => [`${PROJECT}:${key}`, value]));
  const file = join(engine.project, `Pulumi.${stack}.yaml`);
  await writeFile(file, stringify({ config: { ...config, ...keys } }));
  const secrets = { secretValues, ...TEST_SECRETS.local };
  await setSecrets(engine, stack, secrets, []);
  const type = 'pulumi:pulumi:Stack';
  const urn = `urn:pulumi:${stack}::${PROJECT}::${type}::${PROJECT}-${stack}`;
  const resources = [{ urn, custom: false, type, outputs: await outputsOf(platform) }];
  const manifest = { time: new Date().toISOString(), magic: '', version: '' };
  const state = join(engine.project, `${stack}.json`);
  await writeFile(state, JSON.stringify({ version: 3, deployment: { manifest, resources } }));
  await engine.ok('stack', 'import', '--stack', stack, '--file', state, '--force');
}

async function previewed(platform: CapturedPlatform): Promise<RecoveredStack> {
  const engine = await startEngine();
  const stack = `recovered-${platform.objects.length}`;
  await prepare(engine, stack, platform);
  return {
    async preview() {
      const shown = await engine.ok('preview', '--stack', stack, '--suppress-outputs');
      return Number(/\+ (\d+) to create/.exec(shown)?.[1] ?? 0);
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

export function recoveredStack(platform: CapturedPlatform): Promise<RecoveredStack> {
  return hasPulumi ? previewed(platform) : recorded(platform);
}
