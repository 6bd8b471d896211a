/** A stack of this project: by Pulumi's Automation API, and by its program where the API would pass secrets as arguments. */
import type { LocalWorkspace, Stack } from '@pulumi/pulumi/automation/index.js';
import type { Cli } from './cli.ts';
import { readConfigValues, removeConfigValues, writeConfigValues } from './config.ts';
import type { EngineStack } from './engine.ts';
import { heldIn } from './held.ts';
import { plainOutputs, runOperation } from './run.ts';
import { parseState, pendingIn, releasable, resourcesIn, withoutPending } from './state.ts';

/** Makes the Kubernetes provider adopt objects that a killed run has made; without it a create of an existing object fails. */
const TAKE_OVER = { PULUMI_K8S_UPSERT_EXISTING_OBJECTS: 'true' };

/**
 * The engine writes its whole state after each resource, in a preview too, where nobody keeps it: two thirds of a preview's time. An update
 * needs it, because a killed one goes on from there (`cli.ts` turns it on, whatever the operator's shell says).
 */
export const NO_CHECKPOINTS = { PULUMI_SKIP_CHECKPOINTS: 'true' };

export interface StackParts {
  readonly name: string;
  readonly project: string;
  readonly workspace: LocalWorkspace;
  readonly stack: Stack;
  readonly cli: Cli;
}

export function engineStack({ name, project, workspace, stack, cli }: StackParts): EngineStack {
  const state = async () => parseState(await cli(['stack', 'export', '--stack', name]), name);
  const putState = async (changed: unknown): Promise<void> => {
    await cli(['stack', 'import', '--stack', name], JSON.stringify(changed));
  };
  const removeStack = async (): Promise<void> => {
    await cli(['stack', 'rm', '--yes', '--stack', name]);
  };
  const forgetPending = async (): Promise<void> => {
    const now = await state();
    if (pendingIn(now).length > 0) await putState(withoutPending(now));
  };
  const withVariables = async <T>(variables: Readonly<Record<string, string>>, run: () => Promise<T>): Promise<T> => {
    const usual = workspace.envVars;
    workspace.envVars = { ...usual, ...variables };
    try {
      return await run();
    } finally {
      workspace.envVars = usual;
    }
  };
  return {
    name,
    isUp: async () => resourcesIn(await state()) > 0,
    config: () => readConfigValues(cli, project, name),
    setConfig: (values) => writeConfigValues(cli, project, name, values),
    removeConfig: (keys) => removeConfigValues(cli, name, keys),
    preview: (options = {}) =>
      withVariables(NO_CHECKPOINTS, () =>
        runOperation(name, options, 'preview', (operation) => stack.preview(operation)),
      ),
    up: (options = {}) =>
      withVariables(options.takeOver === true ? TAKE_OVER : {}, () =>
        runOperation(name, options, 'up', (operation) => stack.up(operation)),
      ),
    outputs: async () => plainOutputs(await stack.outputs()),
    pending: async () => pendingIn(await state()),
    forgetPending,
    unlock: async () => {
      await cli(['cancel', '--yes', '--stack', name]);
    },
    held: async () => heldIn(await state()),
    async destroy({ remove, keep, ...rest }) {
      await forgetPending();
      await putState(releasable(await state(), keep));
      const outcome = await runOperation(name, rest, 'destroy', (operation) => stack.destroy(operation));
      if (outcome.succeeded && remove === true) await removeStack();
      return outcome;
    },
    remove: removeStack,
  };
}
