/** A stack's exported state; its secrets stay encrypted. Pure. */
import { z } from 'zod';
import { DrError } from '../core/errors.ts';
import type { PendingOperation } from './engine.ts';

const resourceSchema = z.looseObject({ urn: z.string(), type: z.string() });
const stateSchema = z.looseObject({
  deployment: z
    .looseObject({
      resources: z.array(resourceSchema).nullish(),
      pending_operations: z.array(z.looseObject({ resource: resourceSchema, type: z.string() })).nullish(),
    })
    .nullish(),
});
export type State = z.infer<typeof stateSchema>;

export function parseState(text: string, stack: string): State {
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DrError({
      code: 'STATE-UNREADABLE',
      where: stack,
      fact: 'this version can’t read the state that `pulumi stack export` prints',
      hint: `compare it with the backend’s history: pulumi stack export --stack ${stack}; pulumi stack history --stack ${stack}`,
      cause,
    });
  }
}

/** Without the engine's own entries: those are not resources of the platform. */
export function resourcesIn(state: State): number {
  return (state.deployment?.resources ?? []).filter(({ type }) => !type.startsWith('pulumi:')).length;
}

export function pendingIn(state: State): PendingOperation[] {
  return (state.deployment?.pending_operations ?? []).map(({ resource, type }) => ({ urn: resource.urn, op: type }));
}

export function withoutPending(state: State): State {
  return { ...state, deployment: { ...state.deployment, pending_operations: [] } };
}

/** Without protection, so that `destroy` deletes everything; it only forgets what is in `keep`. @param keep URNs */
export function releasable(state: State, keep: ReadonlySet<string>): State {
  const resources = (state.deployment?.resources ?? []).map((resource) => ({
    ...resource,
    protect: false,
    retainOnDelete: keep.has(resource.urn),
  }));
  return { ...state, deployment: { ...state.deployment, resources } };
}
