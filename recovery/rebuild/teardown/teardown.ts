/** `dr rebuild --teardown`: deletes a stack that a rebuild has made; never one of another role. */
import { isDeepStrictEqual } from 'node:util';
import { layout } from '../../../plan/layout.ts';
import { asDrError, rethrowBug } from '../../core/as-dr-error.ts';
import { precondition } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import type { KubeObject } from '../../kubernetes/objects.ts';
import type { EngineStack, Held } from '../../pulumi/engine.ts';
import { openStateStore } from '../../storage/posix/store.ts';
import { withLock } from '../../storage/with-lock.ts';
import type { DataPorts } from '../data/cluster.ts';
import { clusterOfStack } from '../data/location.ts';
import { whenUnlocked } from '../stack-lock.ts';
import type { RebuildPorts } from '../types.ts';
import { failureOf } from '../up.ts';
import { titleOf } from '../watch.ts';
import { planTeardown, type TeardownPlan } from './plan.ts';

export interface TeardownPorts
  extends Pick<RebuildPorts, 'engine' | 'progress' | 'signal' | 'stateDir' | 'plan'>,
    Pick<DataPorts, 'openCluster'> {
  /** Called with what will be deleted; throws to stop. */
  readonly approve: (plan: TeardownPlan) => Promise<void>;
}

export interface TeardownRequest {
  readonly stack: string;
  /** Objects that would stay: `StorageClass/fast`, `Namespace/shop`, `ConfigMap/shop/settings`. */
  readonly include: readonly string[];
}

export interface TeardownOutcome {
  readonly stack: string;
  readonly deleted: number;
  /** What stays in the cluster, each with the reason. */
  readonly kept: readonly { readonly name: string; readonly reason: string }[];
}

function refuse(stack: string, fact: string): Error {
  return precondition({
    code: 'TEARDOWN-REFUSED',
    where: stack,
    fact,
    hint: `only stacks of role recovery, which \`dr rebuild --stack NAME --to latest\` makes, are torn down; for any other: pulumi destroy --stack ${stack}`,
  });
}

/** Config and outputs must both name the role: one of them may have changed since. */
async function checkRole(stack: EngineStack): Promise<void> {
  const [config, outputs] = await Promise.all([stack.config(), stack.outputs()]);
  for (const [where, role] of [
    ['config', config.role?.value],
    ['outputs', outputs.role],
  ] as const) {
    // An interrupted `up` leaves no outputs.
    if (where === 'outputs' && role === undefined) continue;
    if (role !== 'recovery') throw refuse(stack.name, `its role is "${String(role)}" (${where})`);
  }
}

function unanswered(stack: string, error: unknown): Error {
  rethrowBug(error);
  const { fact, hint } = asDrError(error, stack);
  return precondition({
    code: 'TEARDOWN-UNANSWERED',
    where: stack,
    fact: `what else uses its objects is unknown: ${fact}`,
    hint: `${hint}; nothing was deleted`,
    cause: error,
  });
}

/** Every object of the stack's cluster. Throws TEARDOWN-UNANSWERED (exit 6) unless all of them could be read. */
async function readCluster(stack: EngineStack, held: Held, ports: TeardownPorts): Promise<readonly KubeObject[]> {
  if (!held.resources.some(({ type }) => type.startsWith('kubernetes:'))) return [];
  const config = await stack.config();
  const cluster = isRecord(config.cluster?.value) ? config.cluster.value : {};
  const context = String(cluster.context);
  // The engine deletes with the provider in the state: the cluster that is asked must be the same.
  const other = held.contexts.find((each) => each !== context);
  if (other !== undefined) {
    throw precondition({
      code: 'TEARDOWN-UNANSWERED',
      where: stack.name,
      fact: `its objects are in the context "${other}", and its config names "${context}"`,
      hint: `pulumi config set --path cluster.context ${other} --stack ${stack.name}`,
    });
  }
  try {
    await using opened = await ports.openCluster(clusterOfStack(config, context));
    return await opened.everything();
  } catch (error) {
    throw unanswered(stack.name, error);
  }
}

async function planOf(stack: EngineStack, { include }: TeardownRequest, ports: TeardownPorts): Promise<TeardownPlan> {
  const held = await stack.held();
  return planTeardown({ stack: stack.name, held, live: await readCluster(stack, held, ports), include });
}

/** What `teardown` would delete and what it would leave. Changes nothing. Throws as `teardown` does. */
export async function previewTeardown(request: TeardownRequest, ports: TeardownPorts): Promise<TeardownPlan> {
  const stack = await ports.engine.select(request.stack);
  await checkRole(stack);
  return planOf(stack, request, ports);
}

/**
 * Throws TEARDOWN-REFUSED, TEARDOWN-UNANSWERED and NAMESPACE-SHARED (exit 6), INCLUDE-UNKNOWN and STACK-UNKNOWN (exit 2), and failed
 * deletions.
 */
export async function teardown(request: TeardownRequest, ports: TeardownPorts): Promise<TeardownOutcome> {
  const { stack: name } = request;
  const { engine, progress, signal, stateDir, plan } = ports;
  const stack = await engine.select(name);
  await checkRole(stack);
  const key = layout(plan.environment).lock(`rebuild-${name}`);
  const lock = { what: `dr rebuild --teardown --stack ${name}` };
  return withLock(openStateStore(stateDir), key, lock, async () => {
    const planned = await planOf(stack, request, ports);
    await ports.approve(planned);
    const now = await planOf(stack, request, ports);
    if (!isDeepStrictEqual(now, planned)) {
      throw precondition({
        code: 'TEARDOWN-CHANGED',
        where: name,
        fact: 'the cluster or the stack has changed since the list was made',
        hint: 'nothing was deleted; run the same command again',
      });
    }
    const keep = new Set(planned.kept.map(({ urn }) => urn));
    let deleted = 0;
    const step = { step: 'rebuild/teardown', title: `stack ${name}` };
    const outcome = await whenUnlocked(stack, { progress, signal, resumed: false }, () =>
      stack.destroy({
        remove: true,
        keep,
        onEvent: (event) => {
          if (event.op !== 'delete' || event.state !== 'done' || keep.has(event.urn)) return;
          deleted += 1;
          progress({ ...step, state: 'progress', detail: `${deleted} deleted, last ${titleOf(event)}` });
        },
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    if (!outcome.succeeded) throw failureOf(name, outcome);
    progress({ ...step, state: 'done', detail: `${deleted} deleted, ${keep.size} left` });
    return { stack: name, deleted, kept: planned.kept.map(({ name: kept, reason }) => ({ name: kept, reason })) };
  });
}
