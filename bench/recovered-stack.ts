/** Previews a stack that is recovered from a captured platform: by the real engine, or by the program alone. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { type ManifestSnapshot, packSnapshot } from '../recovery/public.ts';
import { NO_CHECKPOINTS } from '../recovery/pulumi/stack.ts';
import { type Engine, hasPulumi, setSecrets, startEngine } from '../tests/infra/engine/engine.ts';
import { record, shippedConfig, TEST_SECRETS } from '../tests/infra/recording.ts';
import { PIN, recoveryConfig } from '../tests/infra/recovered/sample-snapshot.ts';

export interface RecoveredStack extends AsyncDisposable {
  /** How many resources it declares. */
  preview(): Promise<number>;
}

export const METHOD = hasPulumi
  ? 'the real engine, with providers that make nothing'
  : 'the program alone, its resources recorded: pulumi is not on the PATH';

/** Outputs of an earlier `up`: with them the preview reads no repository, and its time is the platform's alone. */
async function outputsOf(platform: ManifestSnapshot): Promise<Readonly<Record<string, unknown>>> {
  const recoveredObjects = await packSnapshot(platform);
  return { leads: true, site: 'local', generation: 2, recoveredFrom: PIN, recoveredObjects };
}

async function recorded(platform: ManifestSnapshot): Promise<RecoveredStack> {
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

/** Writes the stack's file, and a state that holds only outputs. */
async function prepare(engine: Engine, stack: string, platform: ManifestSnapshot): Promise<void> {
  await engine.ok('stack', 'init', stack);
  const { secretValues, ...own } = recoveryConfig();
  const shipped = await shippedConfig('local');
  // The engine's own: its file is read before anything is declared.
  const cluster = { ...(shipped.cluster as object), kubeconfig: join(engine.project, 'kubeconfig') };
  const plain = Object.entries({ ...shipped, ...own, cluster });
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

async function previewed(platform: ManifestSnapshot): Promise<RecoveredStack> {
  const engine = await startEngine();
  const stack = `recovered-${platform.objects.length}`;
  await prepare(engine, stack, platform);
  return {
    async preview() {
      const { stdout } = await execa(
        'pulumi',
        ['preview', '--stack', stack, '--suppress-outputs', '--non-interactive'],
        {
          cwd: engine.project,
          env: { ...engine.env, ...NO_CHECKPOINTS },
          extendEnv: false,
          stdin: 'ignore',
          maxBuffer: 2 ** 28,
        },
      );
      return Number(/\+ (\d+) to create/.exec(stdout)?.[1] ?? 0);
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

export function recoveredStack(platform: ManifestSnapshot): Promise<RecoveredStack> {
  return hasPulumi ? previewed(platform) : recorded(platform);
}
