/**
 * Restores the stores of a running stack where they are: its services stop, the volumes of the running generation are kept, the next one
 * begins from the point in new volumes, is checked, and the services start again. Each step is journalled, so the same command resumes.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { allNamespaces } from '../../plan/declared/namespaces.ts';
import { canonicalJson } from '../../plan/digest.ts';
import { layout } from '../../plan/layout.ts';
import type { Plan } from '../../plan/types.ts';
import { ignoring } from '../core/absent.ts';
import { DrError, precondition } from '../core/errors.ts';
import { Journal } from '../core/journal.ts';
import { shellWord } from '../core/quote.ts';
import { deleteClaims, startSet } from '../failover/members.ts';
import { untilArchived } from '../failover/old-site.ts';
import { raiseEverywhere } from '../failover/raise.ts';
import { readStack, type SiteStack } from '../failover/stack.ts';
import { runStep } from '../failover/step.ts';
import { stopSite } from '../failover/stop-site.ts';
import { bringUp } from '../failover/up.ts';
import { waitsOf } from '../failover/waits.ts';
import { whileWatching } from '../kubernetes/troubles/watch.ts';
import { timeStamp } from '../points/id.ts';
import { DEFAULT_SEGMENT_BYTES, formatLsn, type Lsn } from '../points/wal-segment.ts';
import type { ResourceEvent } from '../pulumi/engine.ts';
import type { TimelineEvent } from '../report/types.ts';
import { openStateStore } from '../storage/posix/store.ts';
import { withLock } from '../storage/with-lock.ts';
import { leaderOf, POSTGRES_APP } from '../workloads/postgres/members.ts';
import { configureNext } from './configure.ts';
import { startMonitor, stopMonitor } from './monitor.ts';
import { type InPlaceOutcome, outcomeOf } from './outcome.ts';
import { planInPlace } from './plan.ts';
import { resumeSchedules, type Woken, wakeServices, wokenSchema } from './services.ts';
import { shipNow } from './ship.ts';
import { byTier } from './tiers.ts';
import {
  type ClaimOf,
  type InPlacePlan,
  type InPlacePorts,
  type InPlaceRequest,
  keptSchema,
  planSchema,
} from './types.ts';
import { verifyStores } from './verify.ts';
import { claimsToDelete, keepVolumes } from './volumes.ts';

interface Run {
  readonly ports: InPlacePorts;
  readonly plan: Plan;
  readonly request: InPlaceRequest;
  readonly made: InPlacePlan;
  readonly journal: Journal;
  readonly events: TimelineEvent[];
  readonly resumed: boolean;
  readonly startedAt: Date;
}

function commandOf({ stack, target, stores }: Pick<InPlaceRequest, 'stack' | 'target' | 'stores'>): string {
  return `dr restore --stack ${shellWord(stack)} --to ${shellWord(target)} --only ${stores.join(',')}`;
}

/** With `latest` every commit counts: the database goes on running, read-only, until its last WAL has arrived. */
async function shipped({ ports, made }: Run, stack: SiteStack, lsn: Lsn): Promise<void> {
  await using cluster = await ports.openCluster(stack.cluster);
  const bytes = (await leaderOf(cluster, made.namespaces.platform))?.segmentBytes ?? DEFAULT_SEGMENT_BYTES;
  const { repository, lineage } = made;
  const { accepted, newest } = await untilArchived(ports, stack, { repository, lineage, lsn, bytes });
  if (accepted || made.pin.postgres?.end.kind !== 'end-of-wal') return;
  throw precondition({
    code: 'WAL-NOT-ARCHIVED',
    where: `${lineage} in ${repository}`,
    fact: `it has written up to ${formatLsn(lsn)}, and the archive ends with ${newest?.name ?? 'nothing'}: what is missing would be lost`,
    hint: 'its database still runs, takes no writes and goes on archiving: the same command waits on',
  });
}

async function stopServices(run: Run, stack: SiteStack): Promise<void> {
  const { ports, plan, made } = run;
  await using cluster = await ports.openCluster(stack.cluster);
  await stopSite({
    cluster,
    namespaces: made.namespaces,
    why: `${commandOf(made)}: ${made.lineage} ends`,
    ports,
    beforeDatabase: (lsn) => shipped(run, stack, lsn),
    // The stack's Redis is a store, and stops when nobody uses it any more.
    inGroups: (services) => {
      const isRedis = ({ kind, name, namespace }: (typeof services)[number]): boolean =>
        kind === 'StatefulSet' && name === 'redis' && namespace === made.namespaces.platform;
      const groups = byTier(
        plan,
        services.filter((each) => !isRedis(each)),
      );
      return [...groups.toReversed(), services.filter(isRedis)].filter((group) => group.length > 0);
    },
    keeps: made.stores.includes('redis') ? [] : ['redis'],
  });
  await stopMonitor(ports, cluster, made.namespaces.recovery);
}

async function keep({ ports, made }: Run, stack: SiteStack): Promise<ClaimOf[]> {
  await using volumes = await ports.openVolumes(stack.cluster);
  const kept = await keepVolumes(volumes, made);
  for (const { claim, volume } of kept)
    ports.progress({
      step: `keep/${claim}`,
      title: `keep the volume of ${claim}`,
      state: 'done',
      detail: volume ?? 'empty',
    });
  return kept;
}

async function letGo({ ports, made }: Run, stack: SiteStack, kept: readonly ClaimOf[]): Promise<void> {
  await using cluster = await ports.openCluster(stack.cluster);
  await using volumes = await ports.openVolumes(stack.cluster);
  const claims = await claimsToDelete(volumes, made, kept);
  await deleteClaims(ports, cluster, { namespace: made.namespaces.platform, claims, step: 'keep' });
  for (const namespace of allNamespaces(made.namespaces)) await cluster.admitPods(namespace);
}

/** A set that the `up` finds unchanged stays at zero: this run has scaled it down, and the engine does not know. */
function unchangedSet(event: ResourceEvent): string | undefined {
  const isSet = event.op === 'same' && event.state === 'done' && event.type.endsWith(':StatefulSet');
  return isSet ? event.object?.name : undefined;
}

async function begin({ ports, made }: Run, stack: SiteStack): Promise<void> {
  const { progress, signal } = ports;
  await using cluster = await ports.openCluster(stack.cluster);
  const { platform } = made.namespaces;
  let started: Promise<void> = Promise.resolve();
  const onEvent = (event: ResourceEvent): void => {
    const name = unchangedSet(event);
    if (name === undefined) return;
    started = started.then(() => startSet(cluster, platform, name));
    started.catch(ignoring('it is awaited below; until then it must not end the process'));
  };
  await bringUp({ stack: stack.engine, step: 'up', progress, signal, waits: waitsOf(ports, stack), onEvent });
  await started;
  for (const name of [POSTGRES_APP, 'redis']) await startSet(cluster, platform, name);
  await startMonitor(cluster, made.namespaces.recovery);
}

async function wake({ ports, plan, made }: Run, stack: SiteStack): Promise<Woken> {
  await using cluster = await ports.openCluster(stack.cluster);
  const woken = await whileWatching(waitsOf(ports, stack), () => wakeServices(ports, cluster, plan, made));
  await resumeSchedules(cluster, made);
  return woken;
}

async function execute(run: Run): Promise<InPlaceOutcome> {
  const { ports, made, journal, request } = run;
  const stack = await readStack(ports.engine, made.stack);
  const nothing = z.unknown();
  const { lineage, next } = made;
  await runStep(run, { id: 'configure', title: `${next.lineage} previewed`, result: nothing }, () =>
    configureNext(ports, stack, made),
  );
  const what = commandOf(made);
  await runStep(run, { id: 'fence', title: `fence of ${lineage} raised`, result: nothing }, () =>
    raiseEverywhere(ports, stack, { lineage, successor: next.lineage, what }),
  );
  await runStep(run, { id: 'stop', title: 'services and stores stopped', result: nothing }, () =>
    stopServices(run, stack),
  );
  const keepStep = { id: 'keep', title: `volumes of ${lineage} kept`, result: keptSchema };
  const kept = await runStep(run, keepStep, () => keep(run, stack));
  await runStep(run, { id: 'claims', title: 'claims let go', result: nothing }, () => letGo(run, stack, kept));
  await runStep(run, { id: 'up', title: `${next.lineage} has begun`, result: nothing }, () => begin(run, stack));
  const verified = await verifyStores(ports, run.plan, made);
  const failed = verified.checks.filter(({ ok }) => !ok);
  const goesOn = failed.length === 0 || request.keepGoing;
  const wakeStep = { id: 'wake', title: 'services started', result: wokenSchema };
  const woken = goesOn ? await runStep(run, wakeStep, () => wake(run, stack)) : [];
  if (goesOn) await journal.append({ event: 'end', at: ports.now().toISOString(), outcome: 'ready' });
  return outcomeOf({ ...run, kept, verified, woken, endedAt: ports.now() });
}

const requestText = ({ stack, target, repository, stores }: InPlaceRequest): string =>
  canonicalJson({ stack, target, stores: [...stores], ...(repository === undefined ? {} : { repository }) });

function journalFolder(stateDir: string, stack: string): string {
  return join(stateDir, 'in-place', stack);
}

function readPlan({ plan, file }: Journal): InPlacePlan {
  const { data, error } = planSchema.safeParse(plan);
  if (data !== undefined) return data;
  throw new DrError({
    code: 'JOURNAL-DAMAGED',
    where: file,
    fact: `its plan can’t be read: ${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}`,
    hint: 'finish it with the version that began it',
  });
}

interface Begun {
  readonly journal: Journal;
  readonly made: InPlacePlan;
  readonly resumed: boolean;
}

/** Another target is possible before the first change, and after the database has begun: its checks may not have passed. */
function refuseOther(journal: Journal, before: InPlacePlan): void {
  if (!journal.begun('fence') || journal.done('up') !== undefined) return;
  throw precondition({
    code: 'IN-PLACE-UNFINISHED',
    where: `stack ${before.stack}`,
    fact: `a restore to ${before.target} has begun: its services are stopped`,
    hint: `finish it first: ${commandOf(before)}${before.repository === '' ? '' : ` --from ${before.repository}`}`,
  });
}

async function open(ports: InPlacePorts, plan: Plan, request: InPlaceRequest, confirm: Confirm): Promise<Begun> {
  const folder = journalFolder(ports.stateDir, request.stack);
  const at = () => ports.now().toISOString();
  const stale = await Journal.unfinished(folder);
  if (stale !== undefined && stale.request === requestText(request)) {
    await stale.append({ event: 'resume', at: at(), pid: process.pid });
    return { journal: stale, made: readPlan(stale), resumed: true };
  }
  if (stale !== undefined) refuseOther(stale, readPlan(stale));
  await shipNow(ports, plan, request);
  const made = await planInPlace(ports, plan, request);
  await confirm(made);
  await stale?.append({ event: 'end', at: at(), outcome: 'superseded' });
  const id = `${timeStamp(ports.now())}-in-place-${randomBytes(2).toString('hex')}`;
  return { journal: await Journal.begin(folder, id, requestText(request), made), made, resumed: false };
}

/** Asks the operator; throws when the plan is not confirmed. */
type Confirm = (plan: InPlacePlan) => Promise<void>;

/**
 * Throws refusals before anything is changed (exit 2, 6, 7), and failures in between: the same request resumes. Checks that do not pass are in
 * the outcome (exit 5), and the services stay stopped unless the request says otherwise.
 */
export async function restoreInPlace(
  ports: InPlacePorts,
  plan: Plan,
  request: InPlaceRequest,
  confirm: Confirm,
): Promise<InPlaceOutcome> {
  const key = layout('stacks').lock(`in-place-${request.stack}`);
  return withLock(openStateStore(ports.stateDir), key, { what: commandOf(request) }, async (_, lost) => {
    const held = { ...ports, signal: AbortSignal.any([ports.signal, lost]) };
    const startedAt = ports.now();
    const begun = await open(held, plan, request, confirm);
    const run: Run = { ports: held, plan, request, ...begun, events: [], startedAt };
    return execute(run).catch(async (error: unknown) => {
      // Refused before its first change: there is nothing to resume.
      if (error instanceof DrError && !begun.journal.begun('fence') && !held.signal.aborted)
        await begun.journal.append({ event: 'end', at: ports.now().toISOString(), outcome: 'superseded' });
      throw error;
    });
  });
}
