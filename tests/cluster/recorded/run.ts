/** The steps of a run, each when all that it depends on is done. */
import { OWN_LABEL } from '../../../plan/layout.ts';
import type { DestroyOptions, Held, ResourceEvent, RunOptions, RunOutcome } from '../../../recovery/pulumi/engine.ts';
import type { KubernetesObject } from '../../infra/manifests-of.ts';
import type { Api, Manifest } from '../api.ts';
import { applyWhenKnown, untilGone, untilReady } from '../apply.ts';
import { eventOf, outcomeOf, type Planned, planned, type RecordedOptions, type Step } from './plan.ts';
import type { Live, States } from './state.ts';

type Options = RecordedOptions & RunOptions;

/** The engine's own record of a run: what is there, and what was begun. */
class Ledger {
  readonly #stack: string;
  readonly #states: States;
  readonly events: ResourceEvent[] = [];
  readonly #onEvent: RunOptions['onEvent'];

  constructor(stack: string, states: States, onEvent: RunOptions['onEvent']) {
    this.#stack = stack;
    this.#states = states;
    this.#onEvent = onEvent;
  }

  say(event: ResourceEvent): void {
    this.events.push(event);
    this.#onEvent?.(event);
  }

  begin(urn: string, op: string): void {
    const state = this.#states.read(this.#stack);
    this.#states.write(this.#stack, { ...state, pending: [...state.pending, { urn, op }] });
  }

  end(urn: string, live: Live | undefined, op: 'kept' | 'forgotten' = 'kept'): void {
    const state = this.#states.read(this.#stack);
    const others = state.live.filter((each) => each.urn !== urn);
    const old = state.live.filter((each) => each.urn === urn);
    const own = op === 'forgotten' ? [] : live === undefined ? old : [live];
    const pending = state.pending.filter((each) => each.urn !== urn);
    this.#states.write(this.#stack, { ...state, live: [...others, ...own], pending });
  }
}

/** Other stacks of the cluster need it too, or the cluster makes it by itself. */
const isShared = ({ kind, metadata }: Manifest): boolean =>
  metadata.namespace === undefined || (kind === 'ServiceAccount' && metadata.name === 'default');

/** A Job that has failed never becomes anything else, and the template of one can't be changed. */
async function makeWay(api: Api, manifest: Manifest, options: Options): Promise<void> {
  if (manifest.kind !== 'Job') return;
  await api.remove(manifest);
  await untilGone(api, manifest, options);
}

async function carryOut({ op, object, retained }: Step, ledger: Ledger, options: Options): Promise<void> {
  const { urn, manifest, awaited, adopts } = object;
  const api = options.api();
  ledger.say(eventOf(object, op, 'start'));
  if (op === 'same') return ledger.say(eventOf(object, op, 'done'));
  ledger.begin(urn, op);
  let made = false;
  try {
    const mayBeThere = options.takeOver === true || adopts || isShared(manifest);
    if (op === 'create' && !mayBeThere && (await api.read(manifest)) !== undefined)
      throw new Error(`${manifest.kind} ${manifest.metadata.name} already exists`);
    if (op === 'update') await makeWay(api, manifest, options);
    await applyWhenKnown(api, manifest);
    made = true;
    if (awaited) await untilReady(api, manifest, options);
    ledger.end(urn, { urn, manifest, retained });
    ledger.say(eventOf(object, op, 'done'));
  } catch (error) {
    // What is there and not ready is the stack's all the same; with another text than declared, so that it is tried again.
    const unready = { ...manifest, metadata: { ...manifest.metadata, unready: true } };
    ledger.end(urn, made ? { urn, manifest: unready, retained } : undefined);
    ledger.say(eventOf(object, op, 'failed', (error as Error).message));
    throw error;
  }
}

/** Gives back whether all of it is there. */
async function makeAll(steps: readonly Step[], ledger: Ledger, options: Options): Promise<boolean> {
  const done = new Map<string, Promise<void>>();
  let stopped = false;
  for (const step of steps) {
    const before = step.object.dependsOn.flatMap((each) => done.get(each) ?? []);
    const made = Promise.all(before).then(() => {
      if (stopped || options.signal?.aborted === true) throw new Error('stopped');
      return carryOut(step, ledger, options);
    });
    made.catch(() => {
      if (options.keepGoing !== true) stopped = true;
    });
    done.set(step.object.urn, made);
  }
  const results = await Promise.allSettled(done.values());
  return results.every(({ status }) => status === 'fulfilled');
}

/** @param stays what is forgotten and not deleted */
async function removeAll(
  live: readonly Live[],
  ledger: Ledger,
  options: Options,
  stays: (each: Live) => boolean,
): Promise<void> {
  for (const each of [...live].reverse()) {
    const event = (state: ResourceEvent['state']) => eventOf(each as unknown as KubernetesObject, 'delete', state);
    ledger.say(event('start'));
    if (!stays(each)) {
      await options.api().remove(each.manifest);
      await untilGone(options.api(), each.manifest, options);
    }
    ledger.end(each.urn, undefined, 'forgotten');
    ledger.say(event('done'));
  }
}

export async function runUp(stack: string, states: States, options: Options): Promise<RunOutcome> {
  let plan: Planned;
  try {
    plan = await planned(stack, states.read(stack), false);
  } catch (error) {
    return outcomeOf([], (error as Error).message);
  }
  states.write(stack, { ...states.read(stack), made: plan.made });
  const ledger = new Ledger(stack, states, options.onEvent);
  if (!(await makeAll(plan.steps, ledger, options))) return outcomeOf(ledger.events);
  const declared = new Set(plan.steps.map(({ object }) => object.urn));
  const gone = states.read(stack).live.filter(({ urn }) => !declared.has(urn));
  try {
    await removeAll(gone, ledger, options, ({ retained }) => retained);
  } catch (error) {
    return outcomeOf(ledger.events, (error as Error).message);
  }
  states.write(stack, { ...states.read(stack), outputs: plan.outputs });
  return outcomeOf(ledger.events);
}

export async function destroyAll(
  stack: string,
  states: States,
  options: RecordedOptions & DestroyOptions,
): Promise<RunOutcome> {
  const ledger = new Ledger(stack, states, options.onEvent);
  try {
    await removeAll(states.read(stack).live, ledger, options, ({ urn }) => options.keep.has(urn));
    const { config, made } = states.read(stack);
    states.write(stack, { config, made, live: [], pending: [] });
    return outcomeOf(ledger.events);
  } catch (error) {
    return outcomeOf(ledger.events, (error as Error).message);
  }
}

/** The real state keeps the uids; this one asks for them. */
export async function heldBy(stack: string, states: States, { api }: RecordedOptions): Promise<Held> {
  const resources = states.read(stack).live.map(async ({ urn, manifest, retained }) => {
    const { apiVersion, kind, metadata } = manifest;
    const { name, namespace, labels = {} } = metadata;
    const found = await api().read<{ metadata: { uid?: string } }>(manifest);
    const { uid } = found?.metadata ?? {};
    return {
      urn,
      type: `kubernetes:${apiVersion}:${kind}`,
      adopted: isShared(manifest) && labels[OWN_LABEL] === undefined && kind !== 'Namespace',
      guarded: retained,
      object: { apiVersion, kind, name, labels, ...(namespace && { namespace }), ...(uid && { uid }) },
    };
  });
  return { resources: await Promise.all(resources), contexts: [] };
}
