/**
 * The real Pulumi engine over a copy of the project, with a state, a home and provider plugins of its own: nothing of the machine's
 * Pulumi is read, nothing is downloaded and no cloud is spoken to.
 */
import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { STORED_SECRETS } from '../recording.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const COPIED = ['Pulumi.yaml', 'package.json', 'infra', 'plan', 'recovery', 'cli', 'drill'];
const STACKS = ['production', 'dr', 'local'];
const PACKAGES = ['aws', 'kubernetes', 'random', 'tls'];

export const hasPulumi = spawnSync('pulumi', ['version']).status === 0;
export const NO_PULUMI = 'pulumi is not on the PATH: https://www.pulumi.com/docs/install';

interface Run {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** Both streams as they came. */
  readonly all: string;
}

export interface Engine extends AsyncDisposable {
  /** The copy: its files may be changed. */
  readonly project: string;
  /** What every run of it is given: home, state, passphrase, and a PATH on which the stand-ins come first. */
  readonly env: Readonly<Record<string, string>>;
  /** `pulumi` with these arguments; never throws for how it ends. @param firstOnPath a folder */
  run(args: readonly string[], firstOnPath?: string): Promise<Run>;
  /** What it wrote to stdout. Throws an Error with all that it said when it fails. */
  ok(...args: readonly string[]): Promise<string>;
}

/** A plugin for each package: found on the PATH, before any that is installed. */
async function standIns(folder: string): Promise<void> {
  await mkdir(folder);
  const provider = join(import.meta.dirname, 'stand-in', 'provider.ts');
  for (const name of PACKAGES) {
    const program = join(folder, `pulumi-resource-${name}`);
    const manifest = await readFile(join(root, 'node_modules', '@pulumi', name, 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    await writeFile(program, `#!/bin/sh\nSTAND_IN_VERSION=${version} exec '${process.execPath}' '${provider}' "$@"\n`);
    await chmod(program, 0o755);
  }
}

/** The contexts of the stacks, and of a rebuild. Its server answers nobody: the stand-ins connect to nothing. */
const CONTEXTS = ['go-coffee-us-east-1', 'go-coffee-eu-west-1', 'local', 'lab'];

function kubeconfig(): string {
  return stringify({
    clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:9' } }],
    users: [{ name: 'nobody', user: { token: 'never-in-a-file' } }],
    contexts: CONTEXTS.map((name) => ({ name, context: { cluster: 'none', user: 'nobody' } })),
  });
}

async function copyProject(folder: string): Promise<void> {
  await mkdir(folder);
  for (const name of [...COPIED, ...STACKS.map((stack) => `Pulumi.${stack}.yaml`)]) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  const file = join(folder, 'kubeconfig');
  await writeFile(file, kubeconfig(), { mode: 0o600 });
  for (const stack of STACKS) {
    const path = join(folder, `Pulumi.${stack}.yaml`);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/^( +kubeconfig: ).*$/m, `$1${file}`));
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
}

export async function startEngine(): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'dr-engine-'));
  const [project, plugins, state] = [join(folder, 'project'), join(folder, 'plugins'), join(folder, 'state')];
  await copyProject(project);
  await standIns(plugins);
  await mkdir(state);
  const path = [plugins, dirname(process.execPath), process.env.PATH].join(delimiter);
  const env = {
    HOME: folder,
    PULUMI_HOME: join(folder, 'home'),
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: 'for these tests only',
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    NO_COLOR: '1',
    STAND_IN_SECRET_STRING: JSON.stringify(STORED_SECRETS),
  };
  const run: Engine['run'] = async (args, firstOnPath) => {
    const PATH = firstOnPath === undefined ? path : [firstOnPath, path].join(delimiter);
    const { exitCode, stdout, all } = await execa('pulumi', [...args, '--non-interactive'], {
      cwd: project,
      env: { ...env, PATH },
      extendEnv: false,
      reject: false,
      all: true,
      stdin: 'ignore',
      maxBuffer: 2 ** 28,
    });
    return { exitCode, stdout, all };
  };
  return {
    project,
    env: { ...env, PATH: path },
    run,
    async ok(...args) {
      const { exitCode, stdout, all } = await run(args);
      if (exitCode !== 0) throw new Error(`pulumi ${args.join(' ')} ended ${exitCode}:\n${all}`);
      return stdout;
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Every text below `value` as a secret of the stack's config, at its path. */
export async function setSecrets(
  engine: Engine,
  stack: string,
  value: unknown,
  path: readonly string[],
): Promise<void> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) await setSecrets(engine, stack, inner, [...path, key]);
    return;
  }
  await engine.ok('config', 'set', '--stack', stack, '--secret', '--path', path.join('.'), String(value));
}
