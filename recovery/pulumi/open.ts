/** Stacks through Pulumi's Automation API. Its packages are loaded only here, and only when they are needed. */
import { join } from 'node:path';
import type { LocalWorkspace, PulumiCommand } from '@pulumi/pulumi/automation/index.js';
import { z } from 'zod';
import { badInput } from '../core/errors.ts';
import { type Logger, silentLog } from '../core/log.ts';
import { compareVersions } from '../engines/versions.ts';
import { type Cli, engineEnv, openCli, stackExists, stackUnknown } from './cli.ts';
import { readFileValues, writeConfigValues } from './config.ts';
import type { StackEngine } from './engine.ts';
import { findPulumi, type PulumiProgram } from './program.ts';
import { engineStack } from './stack.ts';
import { mendTornStates } from './torn.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export interface EngineOptions {
  /** Folder with Pulumi.yaml. @default this program's root */
  readonly project?: string;
  readonly log?: Logger;
}

type Automation = typeof import('@pulumi/pulumi/automation/index.js');

async function loadAutomation(): Promise<Automation> {
  try {
    return await import('@pulumi/pulumi/automation/index.js');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw badInput({
      code: 'PULUMI-MISSING',
      where: '@pulumi/pulumi',
      fact: 'this installation of dr is without Pulumi’s packages, as the toolbox image is',
      hint: 'run it from a checkout of the project, after `npm ci`; `dr keys open` lays one down',
      cause,
    });
  }
}

const listed = z.array(z.looseObject({ name: z.string() }));

async function listNames(cli: Cli): Promise<string[]> {
  const found = listed.parse(JSON.parse(await cli(['stack', 'ls', '--json'])));
  return found.map(({ name }) => name.split('/').at(-1) ?? name);
}

/** The library makes one only for `pulumi` on the PATH, or in a folder `bin`; of a version it asks no more than these two. */
function commandOf(automation: Automation, { path, version }: PulumiProgram): PulumiCommand {
  const command = Object.create(automation.PulumiCommand.prototype) as PulumiCommand;
  const told = { toString: () => version, compare: (other: string) => compareVersions(version, other) };
  return Object.assign(command, { command: path, version: told as unknown as PulumiCommand['version'] });
}

/** Choosing a stack would change which one the operator's next `pulumi up` is for. */
function leaveSelectionAlone(workspace: LocalWorkspace, cli: Cli): void {
  workspace.selectStack = async (name) => void (await cli(['stack', '--stack', name]));
  workspace.createStack = async (name) => void (await cli(['stack', 'init', name, '--no-select']));
}

/** Throws PULUMI-MISSING or PULUMI-OLD (exit 2). Backend and passphrase are those of the environment. */
export async function openStackEngine({ project = ROOT, log = silentLog }: EngineOptions = {}): Promise<StackEngine> {
  const program = await findPulumi(project);
  const automation = await loadAutomation();
  const pulumiCommand = commandOf(automation, program);
  const open = async (stack: string) => {
    const cli = openCli(program, project, stack);
    const workspace = await automation.LocalWorkspace.create({
      workDir: project,
      pulumiCommand,
      envVars: engineEnv(program),
    });
    leaveSelectionAlone(workspace, cli);
    return { name: stack, project, workspace, cli };
  };
  const names = async (stack: string): Promise<string[]> => {
    for (const mended of await mendTornStates(process.env.PULUMI_BACKEND_URL)) {
      log.warn({ stack: mended }, 'an engine was killed while it wrote the state: it can be read again');
    }
    return listNames(openCli(program, project, stack));
  };
  return {
    describe: `pulumi v${program.version} (${program.path})`,
    list: () => names('-'),
    fileConfig: async (stack) => (await readFileValues(project, stack))?.plain,
    async select(stack) {
      const known = await names(stack);
      if (!known.includes(stack)) throw stackUnknown(stack, known);
      const parts = await open(stack);
      return engineStack({ ...parts, stack: await automation.Stack.select(stack, parts.workspace) });
    },
    async create(stack, values) {
      if ((await names(stack)).includes(stack)) throw stackExists(stack);
      const parts = await open(stack);
      const made = await automation.Stack.create(stack, parts.workspace);
      await writeConfigValues(parts.cli, project, stack, values);
      return engineStack({ ...parts, stack: made });
    },
  };
}
