/** Before the engine runs: merges the config, resolves the target, and creates or configures the stack. */
import { type CopiedVolume, withVolumes } from '../../plan/declared/volumes.ts';
import { FIRST_KEY, lineageName } from '../../plan/layout.ts';
import type { Plan } from '../../plan/types.ts';
import { badInput } from '../core/errors.ts';
import { isRecord } from '../core/json.ts';
import {
  type PointsRequest,
  type RepositoryAccess,
  type ResolvedPoint,
  resolvedPointSchema,
} from '../points/resolved/resolved-point.ts';
import type { EngineStack } from '../pulumi/engine.ts';
import { type Chosen, type Draft, draftConfig, finalConfig, generationOf, refuseProblems } from './assemble.ts';
import { locateOthers, locateRepository } from './repository-location.ts';
import { type Found, findSources } from './sources.ts';
import type { RebuildPorts, RebuildRequest } from './types.ts';

export interface Prepared {
  readonly found: Found;
  readonly draft: Draft;
  readonly location: RepositoryAccess;
  /** The plan of the rebuilt environment. */
  readonly plan: Plan;
}

/** Which tier they come back with is the stack's own matter: here it only counts that the points may hold them. */
function volumesIn({ volumes }: Draft['values']): CopiedVolume[] {
  return isRecord(volumes) ? Object.keys(volumes).map((id) => ({ id, claim: id, tier: 'P2' })) : [];
}

/** Throws all problems at once (exit 2); changes nothing. */
export async function prepare(
  request: RebuildRequest,
  ports: Pick<RebuildPorts, 'engine' | 'bundle' | 'plan'>,
): Promise<Prepared> {
  const { engine, bundle } = ports;
  const base = bundle?.plan ?? ports.plan;
  const found = await findSources(request, engine, bundle);
  const drafted = draftConfig(request, found.sources, base);
  const { environment } = drafted.values;
  const own = typeof environment === 'string' && environment !== '' ? { ...base, environment } : base;
  // The stack names its volumes in its config, and the operator's plan may not know them.
  const plan = withVolumes(own, volumesIn(drafted.values));
  const { location, problems } = locateRepository(drafted.values, plan, request.repository);
  const refused = refuseProblems(request.stack, [...drafted.problems, ...problems]);
  if (refused !== undefined) throw refused;
  if (location === undefined) throw new TypeError('a config without storage has passed its check');
  return { found, draft: { ...drafted, notes: [...found.notes, ...drafted.notes] }, location, plan };
}

/** An earlier run, maybe on another host, has written it into the stack's config. */
function ownPin({ sources }: Found, { target, repository }: RebuildRequest): ResolvedPoint | undefined {
  const recovery = sources.own?.recovery?.value;
  // `pin` is the former name of `resolved`.
  const pin = isRecord(recovery) ? resolvedPointSchema.safeParse(recovery.resolved ?? recovery.pin).data : undefined;
  return pin?.from === target && pin.repository === repository ? pin : undefined;
}

/** Another platform has begun this generation: its WAL is in the repository, and every segment of this one would be refused. */
function refuseTaken({ set }: RebuildRequest, { sources }: Found, site: string, begun: readonly number[]): void {
  const named = Number(set.generation ?? 0);
  if (!begun.includes(named) || Number(sources.own?.generation?.value ?? 0) === named) return;
  throw badInput({
    code: 'GENERATION-TAKEN',
    where: `--set generation=${named}`,
    fact: `${lineageName(site, named)} has begun already: its WAL is in the repository and is never overwritten`,
    hint: `omit it (${Math.max(...begun) + 1} is free), or name the stack that has this generation`,
  });
}

export interface ResolvedTarget extends Chosen {
  readonly notes: readonly string[];
}

/** How the points of the rebuild's repository are read. */
export function pointsRequest(
  { draft, location, plan }: Pick<Prepared, 'draft' | 'location' | 'plan'>,
  { bundle }: Pick<RebuildPorts, 'bundle'>,
): PointsRequest {
  const { secretValues } = draft.values;
  const secret = isRecord(secretValues) ? String(secretValues.signingKey) : '';
  const signingKey = bundle?.signingKey ?? { name: FIRST_KEY, secret };
  return { plan, ...location, signingKey, ...locateOthers(draft.values, plan, location.repository.id) };
}

/** Throws the refusals of the target (exit 2). */
export async function resolvePin(
  request: RebuildRequest,
  { found, draft, location, plan }: Prepared,
  ports: Pick<RebuildPorts, 'resolve' | 'bundle' | 'now'>,
): Promise<ResolvedTarget> {
  const own = ownPin(found, request);
  if (own !== undefined) return { pin: own, notes: [], generation: generationOf(draft.values, own, []) };
  const site = String(draft.values.site);
  const { pin, notes, generations } = await ports.resolve({
    ...pointsRequest({ draft, location, plan }, ports),
    from: request.target,
    site,
    now: ports.now(),
  });
  refuseTaken(request, found, site, generations);
  return { pin, notes, generation: generationOf(draft.values, pin, generations) };
}

export interface Configuration {
  readonly request: RebuildRequest;
  readonly prepared: Prepared;
  readonly chosen: Chosen;
  /** Objects that failed in an earlier run with --keep-going. */
  readonly skipped: readonly string[];
}

/** Undoes `configureStack`: a stack that was there keeps its config, and one that was created goes. */
export async function unconfigureStack({ found: { stack, sources } }: Prepared, made: EngineStack): Promise<void> {
  if (stack === undefined) return made.remove();
  const before = sources.own ?? {};
  const added = Object.keys(await stack.config()).filter((key) => before[key] === undefined);
  await stack.removeConfig(added);
  await stack.setConfig(before);
}

/** Creates the stack, or gives an existing one its config. */
export async function configureStack(
  { request, prepared: { found, draft }, chosen, skipped }: Configuration,
  { engine }: Pick<RebuildPorts, 'engine'>,
): Promise<EngineStack> {
  const values = finalConfig(request, draft, chosen, skipped);
  if (found.stack === undefined) return engine.create(request.stack, values);
  await found.stack.setConfig(values);
  return found.stack;
}
