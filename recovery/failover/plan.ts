/** The preflight: inspects both sites and the archive between them, and changes nothing. */
import { platformNamespaces } from '../../plan/declared/namespaces.ts';
import { lineageName } from '../../plan/layout.ts';
import { archiveSilenceSeconds, rpoObjective } from '../../plan/objectives.ts';
import { selectWorkloads } from '../../plan/select.ts';
import type { Plan } from '../../plan/types.ts';
import { DrError, precondition } from '../core/errors.ts';
import { readFence } from '../points/fence.ts';
import { type ArchivedSegment, archivedSegments, newestSegment } from '../points/wal.ts';
import { bytesBetween, formatLsn, placeOfSegment } from '../points/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { leaderOf, membersOf } from '../workloads/postgres/members.ts';
import { expectedLoss, type Limits, refusalsOf } from './loss.ts';
import { type CopySearch, newestCopy } from './newest-copy.ts';
import type { FailoverPorts } from './ports.ts';
import { type SiteStack, signingKeyOf } from './stack.ts';
import type { FailoverPlan, FailoverRequest, OldCluster, PlannedFailover, Reach, Standby } from './types.ts';

/** For a plan without shipped WAL: twice the minute in which PostgreSQL archives at least one segment (archive_timeout). */
const ARCHIVE_SILENCE_SECONDS = 120;

async function reach<T>(inspect: () => Promise<T>): Promise<Reach<T>> {
  try {
    return { state: 'reached', found: await inspect() };
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return { state: 'away', fact: error.fact, code: error.code };
  }
}

/** The lineage that a standby follows. Throws `NOT-A-STANDBY` (exit 6). */
function followedBy(stack: SiteStack): { readonly lineage: string; readonly repository: string } {
  const { follows, role } = stack.outputs;
  if (follows !== undefined) {
    return { lineage: lineageName(follows.site, follows.generation), repository: follows.repository };
  }
  throw precondition({
    code: 'NOT-A-STANDBY',
    where: `stack ${stack.name}`,
    fact: `its role is ${role}, and it follows no lineage`,
    hint: 'name a stack with role: standby; without a standby: `dr rebuild --stack NAME --to latest`',
  });
}

async function inspectStandby(
  ports: FailoverPorts,
  stack: SiteStack,
  newest: ArchivedSegment | undefined,
): Promise<Standby> {
  await using cluster = await ports.openCluster(stack.cluster);
  const [first] = await membersOf(cluster, stack.outputs.namespaces.platform);
  if (first === undefined) {
    const hint = `the promotion needs one: kubectl -n ${stack.outputs.namespaces.platform} get pods`;
    const fact = `no member of PostgreSQL answers in ${stack.outputs.namespaces.platform}`;
    throw precondition({ code: 'STANDBY-SILENT', where: `stack ${stack.name}`, fact, hint });
  }
  const end = newest && placeOfSegment(newest.name, first.segmentBytes).end;
  return {
    pod: first.pod,
    segmentBytes: first.segmentBytes,
    replayed: first.lsn === undefined ? undefined : formatLsn(first.lsn),
    lastCommit: first.lastCommit?.toISOString(),
    capacity: first.capacity,
    paused: first.paused,
    behindBytes: end === undefined || first.lsn === undefined ? undefined : bytesBetween(first.lsn, end),
  };
}

async function inspectOldSite(
  ports: FailoverPorts,
  old: NonNullable<FailoverRequest['old']>,
  newest: ArchivedSegment | undefined,
): Promise<OldCluster> {
  await using cluster = await ports.openCluster(old.cluster);
  const names = platformNamespaces(old.namespaces);
  const there = await Promise.all(names.map((name) => cluster.hasNamespace(name)));
  const missing = names.find((_, i) => !there[i]);
  if (missing !== undefined) {
    const fact = `${cluster.describe} has no namespace "${missing}"`;
    throw precondition({ code: 'NAMESPACE-UNKNOWN', where: '--old-namespace', fact, hint: 'kubectl get namespaces' });
  }
  const [pods, leader] = await Promise.all([
    Promise.all(names.map((name) => cluster.pods(name))).then((all) => all.flat()),
    leaderOf(cluster, old.namespaces.platform),
  ]);
  const end = newest && leader && placeOfSegment(newest.name, leader.segmentBytes).end;
  return {
    describe: cluster.describe,
    pods: pods.filter(({ serves }) => serves).map(({ name }) => name),
    lsn: leader?.lsn === undefined ? undefined : formatLsn(leader.lsn),
    capacity: leader?.capacity,
    unarchivedBytes: leader?.lsn === undefined || end === undefined ? undefined : bytesBetween(end, leader.lsn),
  };
}

/** The snapshot that seeds Redis. Undefined where the repository holds none. */
async function newestRedis(stack: SiteStack, search: Omit<CopySearch, 'wanted'>): Promise<FailoverPlan['redis']> {
  const { now } = search;
  const found = await newestCopy(stack, { ...search, wanted: ({ workload }) => workload === 'redis' });
  if (found === undefined) return undefined;
  const { capturedAt } = found.capture;
  return { point: found.point.id, capturedAt, ageSeconds: (now.getTime() - Date.parse(capturedAt)) / 1000 };
}

async function previewOf(stack: SiteStack, ports: FailoverPorts): Promise<FailoverPlan['preview']> {
  const outcome = await stack.engine.preview({ signal: ports.signal });
  const error = outcome.diagnostics.find(({ severity }) => severity === 'error');
  if (!outcome.succeeded)
    return { ok: false, fact: `a preview fails: ${error?.message.trim() ?? 'the engine gave no reason'}` };
  const changed = Object.entries(outcome.changes).filter(([op, count]) => op !== 'same' && count > 0);
  const drift = changed.map(([op, count]) => `${op} ${count}`).join(', ');
  return { ok: true, fact: drift === '' ? 'as declared' : `differs from its declaration: ${drift}` };
}

/** Repositories that can take the fence, and those that hold it already. */
async function fenceability(
  stack: SiteStack,
  lineage: string,
  stores: Readonly<Record<string, () => Promise<ObjectStore>>>,
): Promise<FailoverPlan['fence']> {
  const states = Object.entries(stores).map(async ([id, open]) => {
    const found = await reach(async () => {
      const fence = await readFence(await open(), stack.layout, { lineage, keys: [signingKeyOf(stack)] });
      return fence === undefined ? ('open' as const) : ('raised' as const);
    });
    return [id, found] as const;
  });
  return Object.fromEntries(await Promise.all(states));
}

/**
 * The jobs of the new leader would wait for a repository that does not answer, and its disk would fill with WAL for it. One that refuses is
 * there: a person must see why.
 */
function unanswered(fence: FailoverPlan['fence']): string[] {
  const away = Object.entries(fence).filter(
    ([, found]) => found.state === 'away' && found.code === 'REPOSITORY-UNREACHABLE',
  );
  return away.map(([id]) => id);
}

/** The caller's limit, or the database's RPO in the plan. */
export function limitsOf(plan: Plan, { maxLossSeconds }: FailoverRequest): Limits {
  if (maxLossSeconds !== undefined) return { maxLossSeconds, limitFrom: '--max-loss' };
  const [database] = selectWorkloads(plan, ['type:postgres']);
  const objective = database && rpoObjective(plan, database);
  return { maxLossSeconds: objective ?? Number.POSITIVE_INFINITY, limitFrom: `the RPO of ${database?.id}` };
}

export async function planFailover(
  ports: FailoverPorts,
  stack: SiteStack,
  plan: Plan,
  request: FailoverRequest,
): Promise<PlannedFailover> {
  const follows = followedBy(stack);
  const now = ports.now();
  const declaredAt = request.declaredAt ?? now;
  const stores = Object.fromEntries(
    Object.entries(stack.storage).map(([id, place]) => {
      let opened: Promise<ObjectStore> | undefined;
      return [id, () => (opened ??= ports.openStorage(place))];
    }),
  );
  const open = stores[follows.repository];
  if (open === undefined) {
    const fact = `it follows ${follows.lineage} from "${follows.repository}", which its outputs do not list as an S3 repository`;
    throw precondition({
      code: 'STACK-OUTPUTS',
      where: `stack ${stack.name}`,
      fact,
      hint: `pulumi up --stack ${stack.name}`,
    });
  }
  const store = await open();
  const newest = newestSegment(await archivedSegments(store, stack.layout, follows.lineage));
  const { old } = request;
  const [standby, oldCluster, fence, redis, preview] = await Promise.all([
    reach(() => inspectStandby(ports, stack, newest)),
    old === undefined ? ({ state: 'unnamed' } as const) : reach(() => inspectOldSite(ports, old, newest)),
    fenceability(stack, follows.lineage, stores),
    newestRedis(stack, { store, repository: follows.repository, now, others: stores }),
    previewOf(stack, ports),
  ]);
  const oldSite = oldCluster.state === 'reached' ? oldCluster.found : undefined;
  const ageSeconds = newest === undefined ? undefined : (now.getTime() - newest.at.getTime()) / 1000;
  const planned: FailoverPlan = {
    stack: stack.name,
    lineage: stack.outputs.lineage,
    follows,
    newestWal:
      newest === undefined
        ? undefined
        : { segment: newest.name, at: newest.at.toISOString(), ageSeconds: ageSeconds ?? 0 },
    oldSiteWrites: ageSeconds !== undefined && ageSeconds < (archiveSilenceSeconds(plan) ?? ARCHIVE_SILENCE_SECONDS),
    standby,
    oldCluster,
    fence,
    detach: unanswered(fence),
    redis,
    loss: expectedLoss({
      declaredAt,
      archivedAt: newest?.at,
      unarchivedBytes: oldSite?.unarchivedBytes,
      canShip: oldSite?.lsn !== undefined,
    }),
    preview,
    declaredAt: declaredAt.toISOString(),
  };
  return { plan: planned, refusals: refusalsOf(planned, request, limitsOf(plan, request)) };
}
