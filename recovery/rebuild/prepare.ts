/** Before the engine runs: what is known is put together, the target is resolved, the stack is there with its config. */
import { FIRST_KEY, lineageName } from '../../plan/layout.ts';
import type { Plan } from '../../plan/types.ts';
import { badInput } from '../core/errors.ts';
import { type Pin, pinSchema } from '../points/pin/pin.ts';
import type { EngineStack } from '../pulumi/engine.ts';
import { type Chosen, type Draft, draftConfig, finalConfig, generationOf, refuseProblems } from './assemble.ts';
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
  // `pin` is the former name of `resolved`.
  const pin = isRecord(recovery) ? pinSchema.safeParse(recovery.resolved ?? recovery.pin).data : undefined;
  return pin?.from === target && pin.repository === repository ? pin : undefined;
}

/** A life that another platform has begun: its WAL is there, and what this one writes would be refused at every segment. */
function refuseTaken({ set }: RebuildRequest, { sources }: Found, site: string, lives: readonly number[]): void {
  const named = Number(set.generation ?? 0);
  if (!lives.includes(named) || Number(sources.own?.generation?.value ?? 0) === named) return;
  throw badInput({
    code: 'GENERATION-TAKEN',
    where: `--set generation=${named}`,
    fact: `${lineageName(site, named)} has begun already: its WAL is in the repository, and is never overwritten`,
    hint: `leave it out (${Math.max(...lives) + 1} is free), or name the stack that has it`,
  });
}

export interface Target extends Chosen {
  readonly notes: readonly string[];
}

/** Throws what the target is refused with (exit 2). */
export async function resolvePin(
  request: RebuildRequest,
  { found, draft, place, plan }: Prepared,
  ports: Pick<RebuildPorts, 'resolve' | 'material' | 'now'>,
): Promise<Target> {
  const own = ownPin(found, request);
  if (own !== undefined) return { pin: own, notes: [], generation: generationOf(draft.values, own, []) };
  const { secretValues } = draft.values;
  const site = String(draft.values.site);
  const secret = isRecord(secretValues) ? String(secretValues.signingKey) : '';
  const { pin, notes, lives } = await ports.resolve({
    plan,
    ...place,
    signingKey: ports.material?.signingKey ?? { name: FIRST_KEY, secret },
    from: request.target,
    site,
    now: ports.now(),
  });
  refuseTaken(request, found, site, lives);
  return { pin, notes, generation: generationOf(draft.values, pin, lives) };
}

/** Makes the stack, or gives the one that is there its config. */
export async function configured(
  request: RebuildRequest,
  { found, draft }: Prepared,
  chosen: Chosen,
  setAside: readonly string[],
  ports: Pick<RebuildPorts, 'engine'>,
): Promise<EngineStack> {
  const values = finalConfig(request, draft, chosen, setAside);
  if (found.stack === undefined) return ports.engine.create(request.stack, values);
  await found.stack.setConfig(values);
  return found.stack;
}
