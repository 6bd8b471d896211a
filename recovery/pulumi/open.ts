/** Opens Pulumi's Automation API. Its packages are loaded only here, and only when they are needed. */
import { join } from 'node:path';
import type { LocalWorkspace, PulumiCommand } from '@pulumi/pulumi/automation/index.js';
import { z } from 'zod';
import { badInput, hasCode } from '../core/errors.ts';
import { type Logger, silentLog } from '../core/log.ts';
import { compareVersions } from '../engines/versions.ts';
import { type Cli, engineEnv, openCli, stackExists, stackUnknown } from './cli.ts';
import { readFileValues, writeConfigValues } from './config.ts';
import type { StackEngine } from './engine.ts';
import { findPulumi, type PulumiProgram } from './program.ts';
import { engineStack } from './stack.ts';
import { repairTornStates } from './torn-states.ts';

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
    if (!hasCode(cause, 'ERR_MODULE_NOT_FOUND')) throw cause;
    throw badInput({
      code: 'PULUMI-MISSING',
      where: '@pulumi/pulumi',
      fact: 'this installation of dr lacks Pulumi’s packages; the toolbox image leaves them out',
      hint: 'run `dr` from a checkout of the project after `npm ci`; `dr keys open ESCROW --identity FILE --into FOLDER` unpacks a checkout',
      cause,
    });
  }
}

const listed = z.array(z.looseObject({ name: z.string() }));

async function listNames(cli: Cli): Promise<string[]> {
  const found = listed.parse(JSON.parse(await cli(['stack', 'ls', '--json'])));
  return found.map(({ name }) => name.split('/').at(-1) ?? name);
}

/**
 * The library finds `pulumi` only on the PATH or in a folder `bin`, so this builds the command that it would return. `Object.create` is
 * untyped: the library's version class is not exported, and it uses these two methods of it.
 */
function commandOf(automation: Automation, { path, version }: PulumiProgram): PulumiCommand {
  const semver = { toString: () => version, compare: (other: string) => compareVersions(version, other) };
  return Object.assign(Object.create(automation.PulumiCommand.prototype), { command: path, version: semver });
}

/** Selecting a stack would change the target of the operator's next `pulumi up`. */
function leaveSelectionAlone(workspace: LocalWorkspace, cli: Cli): void {
  workspace.selectStack = async (name) => void (await cli(['stack', '--stack', name]));
  workspace.createStack = async (name) => void (await cli(['stack', 'init', name, '--no-select']));
}

/** Throws PULUMI-MISSING or PULUMI-OLD (exit 2). Backend and passphrase come from the environment variables. */
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
    for (const repaired of await repairTornStates(process.env.PULUMI_BACKEND_URL)) {
      log.warn({ stack: repaired }, 'repaired the state: an engine was killed while writing it');
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
      const created = await automation.Stack.create(stack, parts.workspace);
      await writeConfigValues(parts.cli, project, stack, values);
      return engineStack({ ...parts, stack: created });
    },
  };
}
