/**
 * The engine's port without Pulumi: the real program is recorded, and what it declares is applied to the real cluster in its order. Outputs,
 * secrets and what was made are kept from run to run, a run that dies leaves its lock and its pending operations, as Pulumi does.
 */
import { badInput, precondition } from '../../../recovery/core/errors.ts';
import type { EngineStack, StackEngine } from '../../../recovery/pulumi/engine.ts';
import { planOf, type RecordedOptions } from './plan.ts';
import { destroyAll, heldBy, runUp } from './run.ts';
import { States } from './state.ts';

function openStack(name: string, states: States, options: RecordedOptions): EngineStack {
  const locked = async <T>(run: () => Promise<T>): Promise<T> => {
    states.lock(name);
    try {
      return await run();
    } finally {
      states.unlock(name);
    }
  };
  return {
    name,
    isUp: async () => states.read(name).live.length > 0,
    config: async () => states.read(name).config,
    async setConfig(values) {
      const state = states.read(name);
      states.write(name, { ...state, config: { ...state.config, ...values } });
    },
    async removeConfig(keys) {
      const state = states.read(name);
      const kept = Object.entries(state.config).filter(([key]) => !keys.includes(key));
      states.write(name, { ...state, config: Object.fromEntries(kept) });
    },
    // As Pulumi: it changes nothing, and waits for nobody.
    preview: (run = {}) => planOf(name, states.read(name), run),
    up: (run = {}) => locked(() => runUp(name, states, { ...options, ...run })),
    outputs: async () => states.read(name).outputs ?? {},
    pending: async () => states.read(name).pending,
    async forgetPending() {
      states.write(name, { ...states.read(name), pending: [] });
    },
    unlock: async () => states.unlock(name),
    held: () => heldBy(name, states, options),
    async destroy(run) {
      const outcome = await locked(() => destroyAll(name, states, { ...options, ...run }));
      if (run.remove === true && outcome.succeeded) states.remove(name);
      return outcome;
    },
    remove: async () => states.remove(name),
  };
}

export function recordedEngine(options: RecordedOptions): StackEngine {
  const states = new States(options.folder);
  return {
    describe: 'the recorded program, applied by the tests',
    list: async () => states.names(),
    // Stacks of the tests have no files.
    fileConfig: async () => undefined,
    async select(stack) {
      if (states.has(stack)) return openStack(stack, states, options);
      throw badInput({
        code: 'STACK-UNKNOWN',
        where: stack,
        fact: `there is none of this name; there are ${states.names().join(', ') || 'none'}`,
        hint: 'create it',
      });
    },
    async create(stack, values) {
      if (states.has(stack)) {
        const fact = 'a stack of this name exists';
        throw precondition({ code: 'STACK-EXISTS', where: stack, fact, hint: 'name another one' });
      }
      states.create(stack, values);
      return openStack(stack, states, options);
    },
  };
}
