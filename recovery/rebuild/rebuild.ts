/** `dr rebuild`: from a recovery point to a deployed and verified stack. */
import { allNamespaces } from '../../plan/declared/namespaces.ts';
import { layout } from '../../plan/layout.ts';
import { DrError, EXIT } from '../core/errors.ts';
import { exitFor } from '../core/exit.ts';
import type { TroubleWatch } from '../kubernetes/troubles/watch.ts';
import type { EngineStack, ResourceEvent, RunOutcome } from '../pulumi/engine.ts';
import { openStateStore } from '../storage/posix/store.ts';
import { withLock } from '../storage/with-lock.ts';
import { clusterOfStack } from './data/location.ts';
import { describePlan } from './describe.ts';
import { type Foreseen, foresee, foreseeIfReachable } from './leftovers/foresee.ts';
import { outputChecks, tierOutcomes } from './outcome.ts';
import {
  type Configuration,
  configureStack,
  prepare,
  type ResolvedTarget,
  resolvePin,
  unconfigureStack,
} from './prepare.ts';
import { RebuildRecord } from './record.ts';
import { recordedIn } from './recorded.ts';
import { checkNames } from './sources.ts';
import type { RebuildOutcome, RebuildPlan, RebuildPorts, RebuildRequest } from './types.ts';
import { failureOf, upStack } from './up.ts';

async function previewed(
  stack: EngineStack,
  { progress, signal, log }: Pick<RebuildPorts, 'progress' | 'signal' | 'log'>,
): Promise<{ readonly outcome: RunOutcome; readonly events: readonly ResourceEvent[] }> {
  const step = { step: 'rebuild/preview', title: `preview of stack ${stack.name}` };
  progress({ ...step, state: 'start' });
  const events: ResourceEvent[] = [];
  const outcome = await stack.preview({
    onEvent: (event) => void events.push(event),
    onDiagnostic: ({ severity, message }) => log.debug({ severity, message }, 'engine'),
    ...(signal === undefined ? {} : { signal }),
  });
  progress({ ...step, state: outcome.succeeded ? 'done' : 'failed', detail: `${events.length} resources` });
  if (!outcome.succeeded) throw failureOf(stack.name, outcome);
  return { outcome, events };
}

interface Previewed extends Configuration {
  readonly chosen: ResolvedTarget;
  readonly stack: EngineStack;
  readonly declaredAt: Date;
}

/** @param look at what exists already; undefined for a run that has begun to create */
async function planOf(
  { request, prepared, chosen, skipped, stack, declaredAt }: Previewed,
  ports: RebuildPorts,
  look: ((foreseen: Foreseen) => Promise<RebuildPlan>) | undefined,
): Promise<RebuildPlan> {
  const { outcome, events } = await previewed(stack, ports);
  const plan = describePlan({
    request,
    draft: prepared.draft,
    ...chosen,
    plan: prepared.plan,
    isNew: !prepared.found.isUp,
    declaredAt,
    skipped,
    previewed: outcome,
    events,
  });
  const { openTarget } = ports;
  if (openTarget === undefined || look === undefined) return plan;
  const place = clusterOfStack(await stack.config(), plan.context);
  return look({ plan, events, environment: prepared.plan.environment, openTarget, place });
}

/** Resolves and previews. The engine can't preview a missing stack: it is created for the preview and removed again. */
export async function planRebuild(request: RebuildRequest, ports: RebuildPorts): Promise<RebuildPlan> {
  checkNames(request);
  const prepared = await prepare(request, ports);
  const chosen = await resolvePin(request, prepared, ports);
  const configuration = { request, prepared, chosen, skipped: [] };
  const stack = await configureStack(configuration, ports);
  try {
    const declaredAt = request.declaredAt ?? ports.now();
    return await planOf({ ...configuration, stack, declaredAt }, ports, foreseeIfReachable);
  } finally {
    await unconfigureStack(prepared, stack);
  }
}

async function waitsOf(
  plan: RebuildPlan,
  stack: EngineStack,
  { declaredAt }: Pick<RebuildRecord, 'declaredAt'>,
  { openTarget, progress, log }: RebuildPorts,
): Promise<TroubleWatch | undefined> {
  if (openTarget === undefined) return undefined;
  const place = clusterOfStack(await stack.config(), plan.context);
  // Pods of the interrupted run are this rebuild's too.
  const namespaces = allNamespaces(plan.namespaces);
  return { open: () => openTarget(place), namespaces, since: declaredAt, progress, log };
}

async function run(request: RebuildRequest, record: RebuildRecord, ports: RebuildPorts): Promise<RebuildOutcome> {
  const startedAt = ports.now();
  const prepared = await prepare(request, ports);
  const chosen = record.target ?? (await resolvePin(request, prepared, ports));
  if (record.target === undefined) await record.write('pin', 'done', chosen);
  if (prepared.found.stack === undefined) await record.write('create', 'start');
  await record.write('stack', 'start');
  const configuration = { request, prepared, chosen, skipped: record.setAside.map(({ object }) => object) };
  const stack = await configureStack(configuration, ports);
  await record.write('stack', 'done');
  let plan: RebuildPlan;
  try {
    const look = record.begun('up') ? undefined : foresee;
    plan = await planOf({ ...configuration, stack, declaredAt: record.declaredAt }, ports, look);
    if (!record.isDone('approve')) await ports.approve(plan);
    await record.write('approve', 'done');
    if (plan.takesOver !== undefined) await record.write('take-over', 'done', plan.takesOver);
  } catch (error) {
    // It has no resources yet: a stack that this rebuild has created is removed, and another one gets its config back.
    if (!record.begun('up') && !prepared.found.isUp) {
      await (record.hasCreatedStack ? stack.remove() : unconfigureStack(prepared, stack));
    }
    throw error;
  }
  const { watch, outcome, setAside, failure } = await upStack(
    { request, plan: prepared.plan, stack, record, waits: await waitsOf(plan, stack, record, ports) },
    ports,
  );
  const outputs = failure === undefined ? await stack.outputs() : {};
  const own = failure === undefined ? outputChecks(outputs, plan, watch.readyAt) : [];
  const data =
    failure === undefined ? ((await ports.verify?.(outputs, plan, recordedIn(prepared, plan.pin, ports))) ?? []) : [];
  const checks = [...own, ...data];
  const endedAt = ports.now();
  const tiers = tierOutcomes(plan, watch.readyAt, failure === undefined ? endedAt : undefined);
  const lacks = setAside.length > 0 || tiers.some(({ nothing }) => nothing === true);
  return {
    plan,
    resumed: record.resumed,
    exit: failure?.exit ?? exitFor({ verificationFailed: checks.some(({ ok }) => !ok), partial: lacks }),
    startedAt: startedAt.toISOString(),
    endedAt: endedAt.toISOString(),
    tiers,
    checks,
    setAside,
    ...(failure === undefined ? {} : { failure }),
    timeline: watch.timeline,
    outputs,
    changes: outcome.changes,
  };
}

/**
 * Resumes where the same request was interrupted. Failed resources are in the outcome and not thrown. Throws refusals before anything
 * is changed (exit 2, 6, 7).
 */
export async function rebuild(request: RebuildRequest, ports: RebuildPorts): Promise<RebuildOutcome> {
  checkNames(request);
  const { stateDir } = ports;
  const key = layout(ports.plan.environment).lock(`rebuild-${request.stack}`);
  const lock = { what: `dr rebuild --stack ${request.stack}` };
  return withLock(openStateStore(stateDir), key, lock, async () => {
    const record = await RebuildRecord.open(stateDir, request, ports.now());
    const outcome = await run(request, record, ports).catch(async (error: unknown) => {
      // An interrupted run stays resumable; one that was refused before its first change leaves no journal to resume.
      const refused = error instanceof DrError && !record.begun('up') && ports.signal?.aborted !== true;
      if (refused) await record.end('superseded');
      throw error;
    });
    await record.write('verify', outcome.exit === EXIT.ok || outcome.exit === EXIT.partial ? 'done' : 'failed');
    await record.end(outcome.failure === undefined ? 'ready' : 'failed');
    return outcome;
  });
}
