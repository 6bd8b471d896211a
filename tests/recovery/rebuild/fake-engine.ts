/**
 * An engine that can be killed on command, between any two things that it does: what it has made, its state and its lock stay as they are.
 * The real one is tried in rebuild.engine.test.ts; it can't be stopped at a given instruction.
 */
import { hostname } from 'node:os';
import { stackUnknown } from '../../../recovery/pulumi/cli.ts';
import type {
  ConfigValues,
  EngineStack,
  HeldObject,
  ResourceEvent,
  RunOptions,
  RunOutcome,
  StackEngine,
} from '../../../recovery/pulumi/engine.ts';
import { StackLockedError } from '../../../recovery/pulumi/locked.ts';

export interface FakeResource {
  readonly kind: string;
  readonly name: string;
  /** Of the stack itself. */
  readonly own?: boolean;
  /** Others that have to be there before. */
  readonly after?: readonly string[];
  /** What the API says of it, each time. */
  readonly refused?: string;
  /** @default go-coffee, except for a Namespace */
  readonly namespace?: string;
  /** Its provider takes over what exists. */
  readonly adopted?: boolean;
}

interface FakeStack {
  config: Record<string, { value: unknown; secret?: boolean }>;
  state: string[];
  pending: string[];
  lockedBy: number | undefined;
  outputs: Record<string, unknown>;
}

/** What is left when a process is gone. */
export interface FakeBackend {
  readonly stacks: Map<string, FakeStack>;
  readonly cluster: Set<string>;
  readonly resources: readonly FakeResource[];
  /** What the program says when it is previewed. */
  readonly said?: RunOutcome['diagnostics'];
}

const CLUSTER_WIDE = ['ClusterRole', 'CustomResourceDefinition', 'Namespace', 'StorageClass'];

/** As the state has it, and as the cluster does: `uid-` and its id. */
export function heldObject({ kind, name, own, namespace = 'go-coffee' }: FakeResource): HeldObject {
  return {
    apiVersion: 'v1',
    kind,
    name,
    labels: own === true ? { 'go-coffee-dr/owner': 'stack' } : {},
    uid: `uid-${kind}/${name}`,
    ...(CLUSTER_WIDE.includes(kind) ? {} : { namespace }),
  };
}

export class Killed extends Error {
  override readonly name = 'Killed';
}

/** No process has it: it is above the most that Linux gives. */
const DEAD_PID = 4_194_305;

export function newBackend(resources: readonly FakeResource[]): FakeBackend {
  return { stacks: new Map(), cluster: new Set(), resources };
}

export interface FakeEngine extends StackEngine {
  /** Things that were done so far. */
  readonly steps: () => number;
}

/** @param killAt the number of the step before which it dies; everything after that fails */
export function fakeEngine(backend: FakeBackend, killAt = Number.POSITIVE_INFINITY): FakeEngine {
  let steps = 0;
  const step = async (): Promise<void> => {
    await Promise.resolve();
    steps += 1;
    if (steps >= killAt) throw new Killed(`killed before step ${steps}`);
  };
  const idOf = ({ kind, name }: FakeResource): string => `${kind}/${name}`;
  const eventOf = (resource: FakeResource, state: ResourceEvent['state'], op: ResourceEvent['op']): ResourceEvent => ({
    state,
    op,
    urn: `urn:${idOf(resource)}`,
    type: `kubernetes:x/v1:${resource.kind}`,
    name: `platform-${resource.name}`,
    object: {
      kind: resource.kind,
      name: resource.name,
      ...(heldObject(resource).namespace === undefined ? {} : { namespace: heldObject(resource).namespace ?? '' }),
      labels: resource.own === true ? { 'go-coffee-dr/owner': 'stack' } : {},
    },
    ...(state === 'failed' ? { message: resource.refused ?? 'it exists already' } : {}),
  });

  const stackOf = (name: string, stack: FakeStack): EngineStack => {
    const recovery = () => (stack.config.recovery?.value ?? {}) as { exclude?: string[]; resolved?: unknown };
    const wanted = () => backend.resources.filter((each) => !(recovery().exclude ?? []).includes(idOf(each)));
    const outcome = (failed: ResourceEvent[]): RunOutcome => ({
      succeeded: failed.length === 0,
      changes: {},
      failed,
      diagnostics: [],
    });
    const make = async (resource: FakeResource, options: RunOptions): Promise<ResourceEvent | undefined> => {
      const id = idOf(resource);
      if (stack.state.includes(id)) {
        options.onEvent?.(eventOf(resource, 'done', 'same'));
        return undefined;
      }
      options.onEvent?.(eventOf(resource, 'start', 'create'));
      stack.pending.push(id);
      await step();
      const exists = backend.cluster.has(id) && options.takeOver !== true;
      if (resource.refused === undefined && !exists) {
        backend.cluster.add(id);
        await step();
        stack.state.push(id);
      }
      stack.pending = stack.pending.filter((each) => each !== id);
      const failed = resource.refused !== undefined || exists;
      const event = eventOf(resource, failed ? 'failed' : 'done', 'create');
      options.onEvent?.(event);
      return failed ? event : undefined;
    };
    return {
      name,
      isUp: async () => stack.state.length > 0,
      config: async () => structuredClone(stack.config) as ConfigValues,
      async setConfig(values) {
        for (const [key, value] of Object.entries(values)) {
          await step();
          stack.config[key] = structuredClone(value);
        }
      },
      async removeConfig(keys) {
        for (const key of keys) delete stack.config[key];
      },
      async preview(options = {}) {
        await step();
        for (const resource of wanted()) options.onEvent?.(eventOf(resource, 'done', 'create'));
        return { ...outcome([]), diagnostics: backend.said ?? [] };
      },
      async up(options = {}) {
        await step();
        if (stack.lockedBy !== undefined) {
          const holder = { user: 'root', host: hostname(), pid: stack.lockedBy, since: new Date().toISOString() };
          throw new StackLockedError(name, holder);
        }
        stack.lockedBy = DEAD_PID;
        const failed: ResourceEvent[] = [];
        const down = new Set<string>();
        for (const resource of wanted()) {
          if ((resource.after ?? []).some((id) => down.has(id))) {
            down.add(idOf(resource));
            continue;
          }
          const event = await make(resource, options);
          if (event === undefined) continue;
          failed.push(event);
          down.add(idOf(resource));
          if (options.keepGoing !== true) break;
        }
        await step();
        if (failed.length === 0) stack.outputs = { role: 'recovery', recoveredFrom: recovery().resolved };
        stack.lockedBy = undefined;
        return outcome(failed);
      },
      outputs: async () => structuredClone(stack.outputs),
      pending: async () => stack.pending.map((urn) => ({ urn, op: 'creating' })),
      async forgetPending() {
        if (stack.lockedBy !== undefined) {
          throw new StackLockedError(name, { user: 'root', host: hostname(), pid: stack.lockedBy, since: 'never' });
        }
        await step();
        stack.pending = [];
      },
      async unlock() {
        await step();
        stack.lockedBy = undefined;
      },
      held: async () => ({
        since: '2026-11-25T20:00:00Z',
        contexts: ['lab'],
        resources: backend.resources
          .filter((each) => stack.state.includes(idOf(each)))
          .map((each) => ({
            urn: `urn:${idOf(each)}`,
            type: `kubernetes:x/v1:${each.kind}`,
            adopted: each.adopted === true,
            guarded: false,
            object: heldObject(each),
          })),
      }),
      async destroy(options) {
        for (const id of stack.state) if (!options.keep.has(`urn:${id}`)) backend.cluster.delete(id);
        stack.state = [];
        if (options.remove === true) backend.stacks.delete(name);
        return outcome([]);
      },
      async remove() {
        await step();
        backend.stacks.delete(name);
      },
    };
  };

  return {
    describe: 'a fake engine',
    steps: () => steps,
    list: async () => [...backend.stacks.keys()],
    fileConfig: async () => undefined,
    async select(name) {
      const stack = backend.stacks.get(name);
      if (stack === undefined) throw stackUnknown(name, [...backend.stacks.keys()]);
      return stackOf(name, stack);
    },
    async create(name, values) {
      await step();
      const stack: FakeStack = { config: {}, state: [], pending: [], lockedBy: undefined, outputs: {} };
      backend.stacks.set(name, stack);
      const made = stackOf(name, stack);
      await made.setConfig(values);
      return made;
    },
  };
}
