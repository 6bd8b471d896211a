/** The failover: inspect, fence, promote, verify. Each step finds what an earlier run has done, so the same command resumes. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { layout } from '../../plan/layout.ts';
import { type Plan, TIERS } from '../../plan/types.ts';
import { DrError, precondition } from '../core/errors.ts';
import { Journal } from '../core/journal.ts';
import { shellWord } from '../core/quote.ts';
import { parseLsn } from '../points/wal-segment.ts';
import type { ResourceEvent } from '../pulumi/engine.ts';
import { checkedTier } from '../pulumi/tiers.ts';
import { openStateStore } from '../storage/posix/store.ts';
import { withLock } from '../storage/with-lock.ts';
import { detachedIn, settingDetached } from './detached.ts';
import { type Course, endOf, fenceOldSite, type StoppedOld, stoppedSchema } from './old-site.ts';
import { planFailover } from './plan.ts';
import type { FailoverPorts } from './ports.ts';
import { raiseEverywhere } from './raise.ts';
import { failoverReport } from './report.ts';
import { readStack, type SiteStack } from './stack.ts';
import { type Recorded, runStep } from './step.ts';
import {
  type FailoverPlan,
  type FailoverReport,
  type FailoverRequest,
  type PlannedFailover,
  planSchema,
} from './types.ts';
import { bringUp } from './up.ts';
import { verifyLeader } from './verify.ts';
import { waitsOf } from './waits.ts';

const MADE: readonly ResourceEvent['op'][] = ['create', 'replace', 'update'];

/** Changes nothing. */
export async function previewFailover(
  ports: FailoverPorts,
  plan: Plan,
  request: FailoverRequest,
): Promise<PlannedFailover> {
  return planFailover(ports, await readStack(ports.engine, request.stack), plan, request);
}

interface Run extends Course {
  readonly journal: Journal;
  readonly events: Recorded['events'];
}

/** A site that comes back reads all of its repositories. */
function raise({ ports, planned, request }: Run, stack: SiteStack): Promise<string[]> {
  const what = `dr failover --stack ${request.stack}`;
  return raiseEverywhere(ports, stack, { lineage: planned.follows.lineage, successor: planned.lineage, what });
}

const tiersSchema = z.array(z.object({ at: z.string(), tier: z.enum(TIERS) }));

/** Returns when each tier of services passed its check, where the stack has services. */
async function promote(run: Run, stack: SiteStack, stopped: StoppedOld): Promise<z.infer<typeof tiersSchema>> {
  const { progress, signal, now } = run.ports;
  const tiers: z.infer<typeof tiersSchema> = [];
  const onEvent = (event: ResourceEvent): void => {
    const tier = checkedTier(event);
    // A check of an earlier run has no known time.
    if (tier === undefined || event.state !== 'done' || !MADE.includes(event.op)) return;
    tiers.push({ at: now().toISOString(), tier });
  };
  const { detach } = run.planned;
  const config = await stack.engine.config();
  const without = settingDetached(config, [...detachedIn(config), ...detach]);
  for (const id of detach)
    progress({
      step: `promote/detach/${id}`,
      title: `begin without ${id}`,
      state: 'done',
      detail: 'it does not answer',
    });
  const end = await endOf(run, stack, stopped);
  await stack.engine.setConfig({ role: { value: 'primary' }, ...end, ...without });
  const waits = waitsOf(run.ports, stack);
  await bringUp({ stack: stack.engine, step: 'promote', progress, signal, waits, onEvent });
  return tiers;
}

async function execute(run: Run): Promise<FailoverReport> {
  const { ports, request, planned, journal } = run;
  const stack = await readStack(ports.engine, request.stack);
  const fence = { id: 'fence-object', title: `fence of ${planned.follows.lineage} raised`, result: z.unknown() };
  await runStep(run, fence, () => raise(run, stack));
  const stop = { id: 'fence-cluster', title: 'old site stopped', result: stoppedSchema };
  const stopped = await runStep(run, stop, () => fenceOldSite(run, stack));
  const promotion = { id: 'promote', title: `${planned.lineage} promoted`, result: tiersSchema };
  const tiers = await runStep(run, promotion, () => promote(run, stack, stopped));
  const verified = await verifyLeader(ports, await readStack(ports.engine, request.stack));
  const report = failoverReport({
    plan: run.plan,
    seen: planned,
    events: [
      ...run.events,
      ...tiers.map(({ at, tier }) => ({ at, tier, offsetSeconds: 0, event: `${tier} is back, checked` })),
    ].toSorted((a, b) => (a.at < b.at ? -1 : 1)),
    verified,
    endedAt: ports.now(),
    fenced: stopped.how,
    written: stopped.lsn === undefined ? undefined : parseLsn(stopped.lsn),
    moveUsers: stack.outputs.trafficSwitch?.toStandby,
  });
  await journal.append({ event: 'end', at: ports.now().toISOString(), outcome: 'ready' });
  return report;
}

function requestText({ stack, old, allowUnfenced }: FailoverRequest): string {
  return JSON.stringify({ stack, context: old?.cluster.context, platform: old?.namespaces.platform, allowUnfenced });
}

/** A run of an earlier version may have left a journal that this one can't resume. */
function readPlan({ plan, file }: Journal): FailoverPlan {
  const { data, error } = planSchema.safeParse(plan);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw new DrError({
    code: 'JOURNAL-DAMAGED',
    where: file,
    fact: `its plan can’t be read: ${issue?.path.join('.')}: ${issue?.message}`,
    hint: `finish it with the version that began it, or move the file away and start over: mv ${shellWord(file)} ${shellWord(`${file}.old`)}`,
  });
}

/** Asks the operator; throws when the plan is not confirmed. */
type Confirm = (planned: FailoverPlan) => Promise<void>;

interface Begun {
  readonly journal: Journal;
  readonly planned: FailoverPlan;
}

/** The journal of an interrupted run keeps the plan from before the first change: its loss, and its declared moment. */
async function begin(ports: FailoverPorts, plan: Plan, request: FailoverRequest, confirm: Confirm): Promise<Begun> {
  const folder = folderOf(ports, request.stack);
  const stale = await Journal.unfinished(folder);
  if (stale !== undefined) {
    const planned = readPlan(stale);
    await stale.append({ event: 'resume', at: ports.now().toISOString(), pid: process.pid });
    ports.progress({
      step: 'failover',
      title: 'resume the failover declared at',
      state: 'progress',
      detail: planned.declaredAt,
    });
    return { journal: stale, planned };
  }
  const stack = await readStack(ports.engine, request.stack);
  if (stack.outputs.leads) {
    throw precondition({
      code: 'ALREADY-LEADS',
      where: `stack ${request.stack}`,
      fact: `${stack.outputs.lineage} leads already`,
      hint: `there is nothing to do; to bring the other site back: dr failback --stack STACK --of ${request.stack}`,
    });
  }
  const { plan: planned, refusals } = await planFailover(ports, stack, plan, request);
  if (refusals[0] !== undefined) throw refusals[0];
  await confirm(planned);
  const id = `${ports
    .now()
    .toISOString()
    .replaceAll(/[-:]|\.\d+/g, '')}-failover-${randomBytes(2).toString('hex')}`;
  return { journal: await Journal.begin(folder, id, requestText(request), planned), planned };
}

const folderOf = ({ stateDir }: Pick<FailoverPorts, 'stateDir'>, stack: string): string =>
  join(stateDir, 'failover', stack);

/** Whether a run was killed or failed after its first change. */
export async function isUnfinished(ports: Pick<FailoverPorts, 'stateDir'>, stack: string): Promise<boolean> {
  return (await Journal.unfinished(folderOf(ports, stack))) !== undefined;
}

/**
 * Throws refusals before anything is changed (exit 2, 6, 7), and failures in between: the same request then resumes. A run that has begun
 * is resumed whatever the request says: its fence is up.
 */
export async function failOver(
  ports: FailoverPorts,
  plan: Plan,
  request: FailoverRequest,
  confirm: Confirm,
): Promise<FailoverReport> {
  const store = openStateStore(ports.stateDir);
  const key = layout('stacks').lock(`failover-${request.stack}`);
  const what = `dr failover --stack ${request.stack}`;
  return withLock(store, key, { what }, async (_, lost) => {
    const signal = AbortSignal.any([ports.signal, lost]);
    const held = { ...ports, signal };
    const { journal, planned } = await begin(held, plan, request, confirm);
    return execute({ ports: held, plan, request, journal, planned, events: [] });
  });
}
