/** The failover: look, fence, promote, verify. Each step finds what a run before has done, so the same command goes on. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { formatDuration } from '../../plan/duration.ts';
import { layout } from '../../plan/layout.ts';
import { type Plan, TIERS } from '../../plan/types.ts';
import { DrError, precondition } from '../core/errors.ts';
import { Journal } from '../core/journal.ts';
import { archivedSegments, formatLsn, type Lsn, newestSegment, parseLsn, placeOfSegment } from '../points/wal.ts';
import type { ResourceEvent } from '../pulumi/engine.ts';
import { checkedTier } from '../pulumi/tiers.ts';
import type { TimelineEvent } from '../report/types.ts';
import { raiseFence } from '../storage/fence.ts';
import { openPosixStore } from '../storage/posix/store.ts';
import { whileLocked } from '../storage/while-locked.ts';
import { limitsOf, planFailover } from './plan.ts';
import { patience, until } from './poll.ts';
import type { FailoverPorts } from './ports.ts';
import { failoverReport } from './report.ts';
import { readStack, type SiteStack } from './stack.ts';
import { stopSite } from './stop-site.ts';
import type { FailoverPlan, FailoverReport, FailoverRequest, OldSite, PlannedFailover } from './types.ts';
import { bringUp } from './up.ts';
import { verifyLeader } from './verify.ts';

/** A push takes seconds; what is not there then is said, and not waited for. */
const SHIP_SECONDS = 120;

const MADE: readonly ResourceEvent['op'][] = ['create', 'replace', 'update'];

const stoppedSchema = z.object({
  how: z.enum(['cluster', 'object only']),
  /** Its database wrote up to here. */
  lsn: z.string().optional(),
});
type StoppedOld = z.infer<typeof stoppedSchema>;

/** Only looks. */
export async function lookAtFailover(
  ports: FailoverPorts,
  plan: Plan,
  request: FailoverRequest,
): Promise<PlannedFailover> {
  return planFailover(ports, await readStack(ports.engine, request.stack), plan, request);
}

interface Run {
  readonly ports: FailoverPorts;
  readonly plan: Plan;
  readonly request: FailoverRequest;
  readonly journal: Journal;
  readonly seen: FailoverPlan;
  readonly events: TimelineEvent[];
}

/** A step that has been done is not done again, but for its data. */
async function step<T>(run: Run, id: string, title: string, work: () => Promise<T>): Promise<T | undefined> {
  const { journal, ports, events } = run;
  const done = journal.done(id);
  const at = () => ports.now().toISOString();
  if (done !== undefined) return done.data as T;
  await journal.append({ event: 'step', at: at(), step: id, state: 'start', title });
  try {
    const data = await work();
    await journal.append({ event: 'step', at: at(), step: id, state: 'done', data });
    events.push({ at: at(), offsetSeconds: 0, event: title });
    return data;
  } catch (error) {
    await journal.append({ event: 'step', at: at(), step: id, state: 'failed', data: String(error) });
    throw error;
  }
}

/** Into every repository that takes it; one is enough, because a site that comes back asks all of them. */
async function raise({ ports, seen, request }: Run, stack: SiteStack): Promise<string[]> {
  const { lineage } = seen.follows;
  const what = `dr failover --stack ${request.stack}`;
  const raised: string[] = [];
  let last: unknown;
  for (const [id, place] of Object.entries(stack.storage)) {
    try {
      const store = await ports.openStorage(place);
      await raiseFence(store, stack.layout, { lineage, successor: seen.lineage, what, now: ports.now() });
      raised.push(id);
    } catch (error) {
      if (!(error instanceof DrError) || error.code === 'FENCE-TAKEN') throw error;
      last = error;
    }
  }
  if (raised.length === 0) throw last;
  ports.progress({ step: 'fence/object', title: `fence of ${lineage}`, state: 'done', detail: raised.join(', ') });
  return raised;
}

/** Waits until the archive holds everything that the old leader has written. Throws `LOSS-TOO-GREAT` (exit 6) when it does not. */
async function untilShipped({ ports, plan, request, seen }: Run, stack: SiteStack, lsn: Lsn): Promise<boolean> {
  const place = stack.storage[seen.follows.repository];
  if (place === undefined) return false;
  const store = await ports.openStorage(place);
  const stoppedAt = ports.now();
  const { seen: newest, done } = await until(
    patience(ports, SHIP_SECONDS),
    async () => newestSegment(await archivedSegments(store, stack.layout, seen.follows.lineage)),
    (found) => found !== undefined && placeOfSegment(found.name).end >= lsn,
  );
  const { maxLossSeconds, limitFrom } = limitsOf(plan, request);
  const lost = newest === undefined ? Number.POSITIVE_INFINITY : (stoppedAt.getTime() - newest.at.getTime()) / 1000;
  if (done || lost <= maxLossSeconds) return done;
  throw precondition({
    code: 'LOSS-TOO-GREAT',
    where: seen.follows.lineage,
    fact: `it has written up to ${formatLsn(lsn)} and was stopped, and the archive ends with ${newest?.name ?? 'nothing'}: up to ${formatDuration(lost)} are lost (the limit is ${formatDuration(maxLossSeconds)}, ${limitFrom})`,
    hint: 'its volume still has them: start it again until its WAL is shipped, or accept the loss with --max-loss DURATION',
  });
}

/** Without leave to do without, a site that can't be stopped ends the failover here. */
async function fenceCluster(run: Run, stack: SiteStack): Promise<StoppedOld> {
  const { request, ports } = run;
  if (request.old === undefined) return { how: 'object only' };
  try {
    return await stopOld(run, stack, request.old);
  } catch (error) {
    if (!request.allowUnfenced || !(error instanceof DrError) || error.code === 'LOSS-TOO-GREAT') throw error;
    ports.progress({ step: 'fence/cluster', title: 'stop the old site', state: 'failed', detail: error.fact });
    return { how: 'object only' };
  }
}

async function stopOld(run: Run, stack: SiteStack, old: OldSite): Promise<StoppedOld> {
  const { ports, request, seen } = run;
  await using cluster = await ports.openCluster(old.cluster);
  const why = `dr failover --stack ${request.stack}: ${seen.follows.lineage} no longer leads`;
  const stopped = await stopSite({ cluster, platform: old.platform, recovery: old.recovery, why, ports });
  if (stopped.lsn === undefined) return { how: 'cluster' };
  await untilShipped(run, stack, stopped.lsn);
  return { how: 'cluster', lsn: formatLsn(stopped.lsn) };
}

const tiersSchema = z.array(z.object({ at: z.string(), tier: z.enum(TIERS) })).default([]);

/** When each tier of services was seen well, where the stack has them. */
async function promote(run: Run, stack: SiteStack): Promise<z.infer<typeof tiersSchema>> {
  const { progress, signal, now } = run.ports;
  const tiers: z.infer<typeof tiersSchema> = [];
  const onEvent = (event: ResourceEvent): void => {
    const tier = checkedTier(event);
    // One of an earlier run is there already: when it was through nobody knows.
    if (tier === undefined || event.state !== 'done' || !MADE.includes(event.op)) return;
    tiers.push({ at: now().toISOString(), tier });
  };
  await stack.engine.setConfig({ role: { value: 'primary' } });
  await bringUp({ stack: stack.engine, step: 'promote', progress, signal, onEvent });
  return tiers;
}

async function execute(run: Run): Promise<FailoverReport> {
  const { ports, request, seen, journal } = run;
  const stack = await readStack(ports.engine, request.stack);
  await step(run, 'fence-object', `fence of ${seen.follows.lineage} raised`, () => raise(run, stack));
  const stopped = stoppedSchema.parse(
    await step(run, 'fence-cluster', 'old site stopped', () => fenceCluster(run, stack)),
  );
  const tiers = tiersSchema.parse(await step(run, 'promote', `${seen.lineage} promoted`, () => promote(run, stack)));
  const verified = await verifyLeader(ports, await readStack(ports.engine, request.stack));
  const report = failoverReport({
    plan: run.plan,
    seen,
    events: [
      ...run.events,
      ...tiers.map(({ at, tier }) => ({ at, tier, offsetSeconds: 0, event: `${tier} is back, checked` })),
    ].toSorted((a, b) => (a.at < b.at ? -1 : 1)),
    verified,
    endedAt: ports.now(),
    fenced: stopped.how,
    written: stopped.lsn === undefined ? undefined : parseLsn(stopped.lsn),
  });
  await journal.append({ event: 'end', at: ports.now().toISOString(), outcome: 'ready' });
  return report;
}

function requestText({ stack, old, allowUnfenced }: FailoverRequest): string {
  return JSON.stringify({ stack, context: old?.cluster.context, platform: old?.platform, allowUnfenced });
}

/** The journal of an interrupted run keeps what was seen before the first change: its loss, and its declared moment. */
async function begin(
  ports: FailoverPorts,
  plan: Plan,
  request: FailoverRequest,
  folder: string,
  confirm: (seen: FailoverPlan) => Promise<void>,
): Promise<{ journal: Journal; seen: FailoverPlan }> {
  const stale = await Journal.unfinished(folder);
  if (stale !== undefined) {
    const seen = stale.plan as FailoverPlan;
    await stale.append({ event: 'resume', at: ports.now().toISOString(), pid: process.pid });
    ports.progress({
      step: 'failover',
      title: 'goes on with the failover of',
      state: 'progress',
      detail: seen.declaredAt,
    });
    return { journal: stale, seen };
  }
  const stack = await readStack(ports.engine, request.stack);
  if (stack.outputs.leads) {
    throw precondition({
      code: 'ALREADY-LEADS',
      where: `stack ${request.stack}`,
      fact: `${stack.outputs.lineage} leads already`,
      hint: 'nothing is to be done; the way back is dr failback',
    });
  }
  const { plan: seen, refusals } = await planFailover(ports, stack, plan, request);
  if (refusals[0] !== undefined) throw refusals[0];
  await confirm(seen);
  const id = `${ports
    .now()
    .toISOString()
    .replaceAll(/[-:]|\.\d+/g, '')}-failover-${randomBytes(2).toString('hex')}`;
  return { journal: await Journal.begin(folder, id, requestText(request), seen), seen };
}

const folderOf = ({ stateDir }: Pick<FailoverPorts, 'stateDir'>, stack: string): string =>
  join(stateDir, 'failover', stack);

/** A run was killed, or failed, after it had begun to change something. */
export async function isUnderWay(ports: Pick<FailoverPorts, 'stateDir'>, stack: string): Promise<boolean> {
  return (await Journal.unfinished(folderOf(ports, stack))) !== undefined;
}

/**
 * Throws what refuses it before anything is changed (exit 2, 6, 7), and what stops it in between; the same request then goes on. Once
 * begun, a run is not asked for again with other words: the fence is up.
 */
export async function failOver(
  ports: FailoverPorts,
  plan: Plan,
  request: FailoverRequest,
  confirm: (seen: FailoverPlan) => Promise<void>,
): Promise<FailoverReport> {
  const store = openPosixStore(ports.stateDir);
  const key = layout('stacks').lock(`failover-${request.stack}`);
  const what = `dr failover --stack ${request.stack}`;
  return whileLocked(store, key, { what }, async (_, lost) => {
    const signal = AbortSignal.any([ports.signal, lost]);
    const held = { ...ports, signal };
    const folder = folderOf(ports, request.stack);
    const { journal, seen } = await begin(held, plan, request, folder, confirm);
    return execute({ ports: held, plan, request, journal, seen, events: [] });
  });
}
