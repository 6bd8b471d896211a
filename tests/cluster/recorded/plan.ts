/** What a stack's program declares with its config of now, beside what the stack has. */
import { isDeepStrictEqual } from 'node:util';
import { stack as program } from '../../../infra/index.ts';
import type { ResourceEvent, RunOptions, RunOutcome } from '../../../recovery/pulumi/engine.ts';
import { type KubernetesObject, kubernetesObjects } from '../../infra/manifests-of.ts';
import { realKeys } from '../../infra/real-keys.ts';
import { projectDefaults, recordProgram } from '../../infra/recording.ts';
import type { Api } from '../api.ts';
import type { StackState } from './state.ts';

export interface RecordedOptions {
  /** The cluster that is there now: it may be another one than at the beginning. */
  readonly api: () => Api;
  /** Of the stacks' states. */
  readonly folder: string;
  /** For one object. */
  readonly seconds: number;
  readonly say: (line: string) => void;
}

type Json = Readonly<Record<string, unknown>>;

export interface Step {
  readonly op: 'create' | 'update' | 'same';
  readonly object: KubernetesObject;
  readonly retained: boolean;
}

export interface Planned {
  readonly steps: readonly Step[];
  readonly outputs: Json;
  readonly made: StackState['made'];
}

/** Throws what the program throws, before anything is touched. */
export async function planned(stack: string, state: StackState, preview: boolean): Promise<Planned> {
  const made = new Map(state.made);
  // Of other programs than this one: `pulumi:…`.
  const values = Object.entries(state.config).filter(([key]) => !key.includes(':'));
  const recording = await recordProgram(program, {
    stack,
    config: { ...(await projectDefaults()), ...Object.fromEntries(values.map(([key, { value }]) => [key, value])) },
    secretKeys: values.filter(([, { secret }]) => secret === true).map(([key]) => key),
    previous: state.outputs,
    generate: realKeys(made),
    preview,
  });
  const before = new Map(state.live.map(({ urn, manifest }) => [urn, manifest]));
  const retained = new Set(recording.filter(({ retainOnDelete }) => retainOnDelete).map(({ urn }) => urn));
  const steps = kubernetesObjects(recording).map((object): Step => {
    const old = before.get(object.urn);
    const same = isDeepStrictEqual(old, JSON.parse(JSON.stringify(object.manifest)));
    return { op: old === undefined ? 'create' : same ? 'same' : 'update', object, retained: retained.has(object.urn) };
  });
  return { steps, outputs: recording.outputs, made: [...made] };
}

export function eventOf(
  { urn, manifest }: Pick<KubernetesObject, 'urn' | 'manifest'>,
  op: ResourceEvent['op'],
  state: ResourceEvent['state'],
  message?: string,
): ResourceEvent {
  const [, , types = '', ...name] = urn.split('::');
  const { metadata, kind } = manifest;
  return {
    state,
    op,
    urn,
    type: types.split('$').at(-1) ?? '',
    name: name.join('::'),
    object: {
      kind,
      name: metadata.name,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      labels: metadata.labels ?? {},
    },
    ...(message === undefined ? {} : { message }),
  };
}

export function outcomeOf(events: readonly ResourceEvent[], message?: string): RunOutcome {
  const failed = events.filter(({ state }) => state === 'failed');
  const changes: Record<string, number> = {};
  for (const { op, state } of events) if (state === 'done') changes[op] = (changes[op] ?? 0) + 1;
  const diagnostics = [...failed.map(({ message = '' }) => message), ...(message === undefined ? [] : [message])];
  return {
    succeeded: failed.length === 0 && message === undefined,
    changes,
    failed,
    diagnostics: diagnostics.map((text) => ({ severity: 'error', message: text })),
  };
}

export async function planOf(stack: string, state: StackState, { onEvent }: RunOptions): Promise<RunOutcome> {
  let steps: readonly Step[];
  try {
    ({ steps } = await planned(stack, state, true));
  } catch (error) {
    return outcomeOf([], (error as Error).message);
  }
  const events = steps.map(({ op, object }) => eventOf(object, op, 'done'));
  for (const event of events) onEvent?.(event);
  return outcomeOf(events);
}
