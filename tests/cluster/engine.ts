/** The engine of the scenarios: Pulumi's own where it and the plugins of its packages are on the PATH, else the recorded declarations. */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ConfigValues, StackEngine } from '../../recovery/pulumi/engine.ts';
import { openStackEngine } from '../../recovery/pulumi/open.ts';
import { shippedConfig } from '../infra/recording.ts';
import type { Api } from './api.ts';
import { recordedEngine } from './recorded/engine.ts';
import type { ClusterStack } from './stacks.ts';

const root = join(import.meta.dirname, '..', '..');
const PROGRAMS = ['pulumi', 'pulumi-resource-kubernetes', 'pulumi-resource-random', 'pulumi-resource-tls'];
const COPIED = ['Pulumi.yaml', 'package.json', 'infra', 'plan', 'recovery', 'cli', 'drill'];

/** For one object of a stack. */
const READY_SECONDS = 300;

const hasEngine = PROGRAMS.every((program) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0);

export interface EngineOptions {
  /** The cluster that is there now: it may be another one than at the beginning. */
  readonly api: () => Api;
  /** States and projects lie here; another process with the same folder has the same stacks. */
  readonly folder: string;
  readonly say: (line: string) => void;
}

/** The project in a folder of its own: its config, state, home and plugins are no one else's. */
async function ownProject(folder: string): Promise<string> {
  const project = join(folder, 'project');
  await mkdir(project, { recursive: true });
  await mkdir(join(folder, 'state'), { recursive: true });
  for (const name of COPIED) {
    await rm(join(project, name), { recursive: true, force: true });
    await cp(join(root, name), join(project, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(project, 'node_modules')).catch(() => {});
  return project;
}

async function pulumiEngine(folder: string): Promise<StackEngine> {
  Object.assign(process.env, {
    PATH: [dirname(process.execPath), process.env.PATH].join(':'),
    PULUMI_HOME: join(folder, 'home'),
    PULUMI_BACKEND_URL: `file://${join(folder, 'state')}`,
    PULUMI_CONFIG_PASSPHRASE: 'for this cluster only',
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  });
  return openStackEngine({ project: await ownProject(folder) });
}

export async function openEngine({ api, folder, say }: EngineOptions): Promise<StackEngine> {
  if (hasEngine) return pulumiEngine(folder);
  return recordedEngine({ api, folder: join(folder, 'recorded'), seconds: READY_SECONDS, say });
}

/** Of a stack that is made as shipped, with this cluster's own. */
export async function configValues({ stack, like = stack, plain, secret }: ClusterStack): Promise<ConfigValues> {
  const open = { ...(await shippedConfig(like)), ...plain };
  const values = Object.entries(open).map(([key, value]) => [key, { value }] as const);
  const secrets = Object.entries(secret).map(([key, value]) => [key, { value, secret: true }] as const);
  return {
    'pulumi:disable-default-providers': { value: ['aws', 'kubernetes'] },
    ...Object.fromEntries([...values, ...secrets]),
  };
}
