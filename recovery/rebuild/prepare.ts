/** Before the engine runs: what is known is put together, the target is resolved, the stack is there with its config. */
import { FIRST_KEY } from '../../plan/layout.ts';
import type { Plan } from '../../plan/types.ts';
import type { Pin } from '../pin.ts';
import { pinSchema } from '../pin.ts';
import type { EngineStack } from '../stacks/engine.ts';
import { type Draft, draftConfig, finalConfig, refuseProblems } from './assemble.ts';
import { type Place, placeOf } from './place.ts';
import { isRecord } from './settings.ts';
import { type Found, findSources } from './sources.ts';
import type { RebuildPorts, RebuildRequest } from './types.ts';

export interface Prepared {
  readonly found: Found;
  readonly draft: Draft;
  readonly place: Place;
  /** In force for the environment that is rebuilt. */
  readonly plan: Plan;
}

/** Throws what makes it impossible, all of it at once; nothing is changed anywhere. */
export async function prepare(
  request: RebuildRequest,
  ports: Pick<RebuildPorts, 'engine' | 'material' | 'plan'>,
): Promise<Prepared> {
  const { engine, material } = ports;
  const base = material?.plan ?? ports.plan;
  const found = await findSources(request, engine, material);
  const drafted = draftConfig(request, found.sources, base);
  const { environment } = drafted.values;
  const plan = typeof environment === 'string' && environment !== '' ? { ...base, environment } : base;
  const { place, problems } = placeOf(drafted.values, plan, request.repository);
  const refused = refuseProblems(request.stack, [...drafted.problems, ...problems]);
  if (refused !== undefined) throw refused;
  if (place === undefined) throw new TypeError('the storage was not checked');
  return { found, draft: { ...drafted, notes: [...found.notes, ...drafted.notes] }, place, plan };
}

/** The stack's own config has it from a run before, maybe on another host. */
function ownPin({ sources }: Found, { target, repository }: RebuildRequest): Pin | undefined {
  const recovery = sources.own?.recovery?.value;
  const pin = isRecord(recovery) ? pinSchema.safeParse(recovery.pin).data : undefined;
  return pin?.from === target && pin.repository === repository ? pin : undefined;
}

/** Throws what the target is refused with (exit 2). */
export async function resolvePin(
  request: RebuildRequest,
  { found, draft, place, plan }: Prepared,
  ports: Pick<RebuildPorts, 'resolve' | 'material' | 'now'>,
): Promise<{ readonly pin: Pin; readonly notes: readonly string[] }> {
  const own = ownPin(found, request);
  if (own !== undefined) return { pin: own, notes: [] };
  const { secretValues } = draft.values;
  const secret = isRecord(secretValues) ? String(secretValues.signingKey) : '';
  const { pin, notes } = await ports.resolve({
    plan,
    ...place,
    signingKey: ports.material?.signingKey ?? { name: FIRST_KEY, secret },
    from: request.target,
    now: ports.now(),
  });
  return { pin, notes };
}

/** Makes the stack, or gives the one that is there its config. */
export async function configured(
  request: RebuildRequest,
  { found, draft }: Prepared,
  pin: Pin,
  setAside: readonly string[],
  ports: Pick<RebuildPorts, 'engine'>,
): Promise<EngineStack> {
  const values = finalConfig(request, draft, pin, setAside);
  if (found.stack === undefined) return ports.engine.create(request.stack, values);
  await found.stack.setConfig(values);
  return found.stack;
}
