/** Looks at a running stack, and resolves the target once. It changes nothing. */
import { platformNamespaces } from '../../plan/declared/namespaces.ts';
import { lineageName } from '../../plan/layout.ts';
import type { Plan } from '../../plan/types.ts';
import { DrError, precondition } from '../core/errors.ts';
import type { FailoverPorts } from '../failover/ports.ts';
import { ELSEWHERE, othersOf, repositoriesOf } from '../failover/sources.ts';
import { readStack, type SiteStack, signingKeyOf } from '../failover/stack.ts';
import type { PinnedTarget, PointsRequest } from '../points/resolved/resolved-point.ts';
import { externalStores } from '../rebuild/data/location.ts';
import { expectedLoss, skewNotes } from '../rebuild/describe.ts';
import { leaderOf, POSTGRES_APP } from '../workloads/postgres/members.ts';
import { byTier, nameOf } from './tiers.ts';
import type { InPlacePlan, InPlacePorts, InPlaceRequest, RestoredStore } from './types.ts';

const CLAIMS: Readonly<Record<RestoredStore, RegExp>> = {
  postgres: /^(data|wal)-postgres-\d+$/,
  redis: /^data-redis-\d+$/,
};

/** Reasons that no other target changes. Throws exit 6. */
async function refuseStack({ name, outputs, engine }: SiteStack, stores: readonly RestoredStore[]): Promise<void> {
  const refuse = (code: string, fact: string, hint: string) =>
    precondition({ code, where: `stack ${name}`, fact, hint });
  const rebuild = `a fresh platform beside it: dr rebuild --stack NAME --to TARGET --like ${name}`;
  if (!outputs.leads) {
    const fact = `it is a standby of ${outputs.follows?.site ?? 'another site'}: it would follow what is restored`;
    throw refuse('STACK-FOLLOWS', fact, 'name the stack that leads');
  }
  if (outputs.role !== 'primary' || outputs.follows !== undefined) {
    const fact =
      outputs.role === 'primary'
        ? 'it began as a standby of another site, and its files are filled from there in each generation'
        : `its role is ${outputs.role}: the point that it was made from never changes`;
    throw refuse('NOT-IN-PLACE', fact, rebuild);
  }
  const config = await engine.config();
  const kept = externalStores(config).filter((store) => stores.includes(store));
  if (kept.length > 0) {
    const fact = `${kept.join(' and ')} stays where it is (external.${kept[0]}): this stack has no volume of it`;
    throw refuse('STORE-EXTERNAL', fact, 'name the other store with --only, or see docs/external.md');
  }
  const generation = Number(config.generation?.value ?? 1);
  if (generation !== outputs.generation) {
    const fact = `its config says generation ${generation}, and generation ${outputs.generation} runs: another change has begun`;
    const hint = `finish it where it was begun, or take it back: pulumi config set generation ${outputs.generation} --stack ${name}; pulumi config rm inPlace --stack ${name}`;
    throw refuse('STACK-CHANGING', fact, hint);
  }
}

/** How the points of a repository of the stack are read. */
export function pointsRequest(stack: SiteStack, plan: Plan, id: string): PointsRequest {
  const place = stack.storage[id];
  if (place === undefined) throw new TypeError(`${stack.name} has no ${id}`);
  const { credentials, ...repository } = place;
  const own = { ...plan, environment: stack.outputs.environment };
  return { plan: own, repository, credentials, signingKey: signingKeyOf(stack), ...othersOf(stack, id) };
}

/** The first repository of the plan that has the target. */
async function resolveIn(
  ports: Pick<InPlacePorts, 'resolve' | 'now'>,
  stack: SiteStack,
  plan: Plan,
  { target, repository }: InPlaceRequest,
): Promise<PinnedTarget & { readonly repository: string }> {
  const passed: string[] = [];
  let first: DrError | undefined;
  for (const id of repositoriesOf(stack, plan, repository)) {
    try {
      const request = { ...pointsRequest(stack, plan, id), from: target, site: stack.outputs.site, now: ports.now() };
      const found = await ports.resolve(request);
      return { ...found, notes: [...passed, ...found.notes], repository: id };
    } catch (error) {
      if (!(error instanceof DrError) || !ELSEWHERE.test(error.code)) throw error;
      first ??= error;
      passed.push(`${id} was passed over: ${error.fact}`);
    }
  }
  if (first !== undefined) throw first;
  throw precondition({
    code: 'REPOSITORY-UNKNOWN',
    where: `stack ${stack.name}`,
    fact: 'it has no repository in S3',
    hint: 'a copy on its volume is read from inside: dr --stack NAME points',
  });
}

/** Stacks that follow the lineage; one that can't be read is a note. */
async function followersOf({ engine }: Pick<FailoverPorts, 'engine'>, own: SiteStack) {
  const followers: string[] = [];
  const unread: string[] = [];
  for (const name of (await engine.list()).filter((each) => each !== own.name)) {
    try {
      const { follows, leads } = (await readStack(engine, name)).outputs;
      const followed = follows && lineageName(follows.site, follows.generation);
      if (!leads && followed === own.outputs.lineage) followers.push(name);
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      if (error.code !== 'STACK-NOT-UP') unread.push(`whether stack ${name} follows is unknown: ${error.fact}`);
    }
  }
  return { followers, unread };
}

async function inspect(ports: InPlacePorts, stack: SiteStack, stores: readonly RestoredStore[]) {
  const { namespaces } = stack.outputs;
  await using cluster = await ports.openCluster(stack.cluster);
  await using volumes = await ports.openVolumes(stack.cluster);
  const found = await Promise.all(platformNamespaces(namespaces).map((name) => cluster.scalables(name)));
  const isStore = ({ namespace, kind, name }: (typeof found)[number][number]): boolean =>
    namespace === namespaces.platform && kind === 'StatefulSet' && [POSTGRES_APP, 'redis'].includes(name);
  const claims = (await volumes.claims(namespaces.platform)).filter(({ claim }) =>
    stores.some((store) => CLAIMS[store].test(claim)),
  );
  return {
    services: found.flat().filter((each) => !isStore(each)),
    claims: claims.map(({ claim, volume }) => (volume === undefined ? { claim } : { claim, volume })),
    leader: (await leaderOf(cluster, namespaces.platform)) === undefined ? ('silent' as const) : ('answers' as const),
    cluster: cluster.describe,
  };
}

function notesOf(found: PinnedTarget, { stores, target }: InPlaceRequest, leader: InPlacePlan['leader']): string[] {
  const { pin } = found;
  const files = pin.files ?? [];
  return [
    ...found.notes.filter((note) => !note.includes('it starts empty')),
    ...(leader === 'answers' || target !== 'latest'
      ? []
      : ['no leader of the database answers: what it has not archived is in its volume alone']),
    ...(stores.includes('redis')
      ? [`Redis comes back as of ${pin.redis?.capturedAt}: sessions and carts of later are lost`]
      : ['Redis stays as it is: it may hold what the database no longer knows']),
    ...(files.length === 0 ? [] : ['files and objects stay as they are: they may be of later than the database']),
    ...skewNotes({ ...pin, files: [], objects: [], ...(stores.includes('redis') ? {} : { redis: undefined }) }),
  ];
}

/** Throws `STACK-…`, `NOT-IN-PLACE`, `STORE-EXTERNAL` (exit 6), and the refusals of the target (exit 2, 5). */
export async function planInPlace(ports: InPlacePorts, plan: Plan, request: InPlaceRequest): Promise<InPlacePlan> {
  const stack = await readStack(ports.engine, request.stack);
  const { stores } = request;
  await refuseStack(stack, stores);
  const found = await resolveIn(ports, stack, plan, request);
  const { pin, repository } = found;
  for (const store of stores) {
    if (pin[store] !== undefined) continue;
    throw precondition({
      code: 'TARGET-UNREACHABLE',
      where: `${store} in ${repository}`,
      fact: `no point holds a copy of ${store} that a stack's own server can begin from, for "${request.target}"`,
      hint:
        store === 'redis' ? 'leave Redis as it is: --only postgres' : 'choose another moment (dr points), or --from',
    });
  }
  const { site, lineage, generation, namespaces, context } = stack.outputs;
  const { services, claims, leader, cluster } = await inspect(ports, stack, stores);
  const next = Math.max(generation, ...found.generations) + 1;
  const declaredAt = request.declaredAt ?? ports.now();
  const { followers, unread } = await followersOf(ports, stack);
  const groups = byTier(plan, services);
  const loss = expectedLoss(pin, declaredAt).filter(({ workload }) => stores.some((store) => store === workload));
  return {
    stack: stack.name,
    site,
    lineage,
    next: { generation: next, lineage: lineageName(site, next) },
    cluster,
    context,
    namespaces,
    target: request.target,
    repository,
    stores: [...stores],
    pin,
    declaredAt: declaredAt.toISOString(),
    loss: [...loss],
    tiers: plan.tiers.map(({ id, name }, i) => ({ tier: id, name, workloads: (groups[i] ?? []).map(nameOf) })),
    claims,
    leader,
    followers,
    notes: [...new Set([...notesOf(found, request, leader), ...unread])],
  };
}
