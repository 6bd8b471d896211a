/** A stack by Pulumi's own engine, where it and the plugins of its packages are on the PATH. */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { shippedConfig } from '../infra/recording.ts';
import type { Place } from './place.ts';
import type { ClusterStack } from './stacks.ts';

const root = join(import.meta.dirname, '..', '..');
const PROGRAMS = ['pulumi', 'pulumi-resource-kubernetes', 'pulumi-resource-random', 'pulumi-resource-tls'];
const COPIED = ['Pulumi.yaml', 'package.json', 'infra', 'plan', 'recovery'];

export const hasEngine = PROGRAMS.every(
  (program) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0,
);

/** `pulumi config set --path` takes one text at a time. */
function texts(value: unknown, path: string): [path: string, text: string][] {
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => texts(inner, path === '' ? key : `${path}.${key}`));
}

/** The project with the stack's plain config; its state, home and plugins are no one else's. */
async function makeProject(project: string, { stack, like = stack, plain }: ClusterStack): Promise<void> {
  await rm(project, { recursive: true, force: true });
  for (const name of COPIED) await cp(join(root, name), join(project, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(project, 'node_modules'));
  const values = { ...(await shippedConfig(like)), ...plain };
  const config = Object.entries(values).map(([key, value]) => [`go-coffee-dr:${key}`, value] as const);
  const text = stringify({ config: Object.fromEntries(config) });
  await writeFile(join(project, `Pulumi.${stack}.yaml`), text);
}

/** Gives the stack's outputs, secrets in plain text. */
export async function pulumiUp(place: Place, stack: ClusterStack): Promise<Record<string, unknown>> {
  const folder = join(place.folder, 'pulumi');
  const project = join(folder, stack.stack);
  await mkdir(join(folder, 'state'), { recursive: true });
  await makeProject(project, stack);
  const env = {
    PATH: [dirname(process.execPath), process.env.PATH].join(':'),
    HOME: folder,
    PULUMI_HOME: join(folder, 'home'),
    PULUMI_BACKEND_URL: `file://${join(folder, 'state')}`,
    PULUMI_CONFIG_PASSPHRASE: 'for this cluster only',
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  };
  const pulumi = async (...args: readonly string[]): Promise<string> => {
    const options = { cwd: project, env, extendEnv: false, stdin: 'ignore' } as const;
    return (await execa('pulumi', [...args, '--stack', stack.stack, '--non-interactive'], options)).stdout;
  };
  await pulumi('stack', 'select', '--create');
  for (const [path, text] of texts(stack.secret, '')) await pulumi('config', 'set', '--secret', '--path', path, text);
  await pulumi('up', '--yes', '--skip-preview');
  return JSON.parse(await pulumi('stack', 'output', '--json', '--show-secrets')) as Record<string, unknown>;
}
