/** A stack goes on without a repository that is gone, and takes it back. Both are an `up` with another `storage.detached`. */
import { lineageName } from '../../plan/layout.ts';
import { DrError, precondition } from '../core/errors.ts';
import { raiseFence } from '../points/fence.ts';
import { detachedIn, settingDetached } from './detached.ts';
import type { FailoverPorts, StoragePlace } from './ports.ts';
import { readStack, type SiteStack, signingKeyOf } from './stack.ts';
import { bringUp } from './up.ts';
import { waitsOf } from './waits.ts';

export interface StackRepository {
  readonly stack: string;
  readonly repository: string;
}

export interface StackRepositoryPlan extends StackRepository {
  /** False where the stack is as wanted already. */
  readonly needed: boolean;
  /** Points that it holds. Absent where it does not answer. */
  readonly points?: number;
  /** Why it does not answer. */
  readonly unreachable?: string;
  /** Further repositories in S3 that the stack copies to. */
  readonly others: readonly string[];
  readonly namespace: string;
}

interface Found {
  readonly stack: SiteStack;
  readonly place: StoragePlace;
  readonly plan: StackRepositoryPlan;
}

function unknown({ stack, repository }: StackRepository, ids: readonly string[]): DrError {
  return precondition({
    code: 'REPOSITORY-UNKNOWN',
    where: `stack ${stack}`,
    fact: `it has no repository "${repository}" in S3`,
    hint: `one of: ${ids.join(', ') || 'none'}`,
  });
}

async function inspect(ports: FailoverPorts, of: StackRepository, wanted: 'attached' | 'detached'): Promise<Found> {
  const stack = await readStack(ports.engine, of.stack);
  const { repository } = of;
  const places = { ...stack.detached, ...stack.storage };
  const place = places[repository];
  if (place === undefined) throw unknown(of, Object.keys(places));
  const configured = detachedIn(await stack.engine.config()).includes(repository);
  // An `up` that failed leaves the outputs of the one before.
  const deployed = repository in stack.detached;
  const needed = wanted === 'attached' ? configured || deployed : !(configured && deployed);
  const answer = await ports
    .openStorage(place)
    .then((store) => store.list(stack.layout.catalogPrefix))
    .then(
      (objects) => ({ points: objects.filter(({ key }) => key.endsWith('.json')).length }),
      (error: unknown) => {
        if (!(error instanceof DrError)) throw error;
        return { unreachable: error.fact };
      },
    );
  const others = Object.keys(stack.storage).filter((id) => id !== repository);
  return { stack, place, plan: { ...of, needed, ...answer, others, namespace: stack.outputs.namespaces.recovery } };
}

/** Reads only. Throws `REPOSITORY-UNKNOWN`, `REPOSITORY-FOLLOWED` and `REPOSITORY-LAST` (exit 6). */
export async function planStackDetach(ports: FailoverPorts, of: StackRepository): Promise<StackRepositoryPlan> {
  const { stack, plan } = await inspect(ports, of, 'detached');
  const { leads, follows } = stack.outputs;
  const refuse = (code: string, fact: string, hint: string) =>
    precondition({ code, where: `stack ${of.stack}`, fact, hint });
  if (!leads && follows?.repository === of.repository) {
    const fact = `it follows ${lineageName(follows.site, follows.generation)} from "${of.repository}"`;
    throw refuse('REPOSITORY-FOLLOWED', fact, 'name another repository in standby.repository first');
  }
  if (plan.others.length === 0) {
    const fact = `"${of.repository}" is its last repository in S3: no copy would leave the cluster`;
    throw refuse('REPOSITORY-LAST', fact, 'attach another one first');
  }
  return plan;
}

/** Reads only. Throws `REPOSITORY-UNKNOWN` (exit 6), and `REPOSITORY-UNREACHABLE` where it still does not answer. */
export async function planStackAttach(ports: FailoverPorts, of: StackRepository): Promise<StackRepositoryPlan> {
  const { plan } = await inspect(ports, of, 'attached');
  if (plan.unreachable === undefined || !plan.needed) return plan;
  throw new DrError({
    code: 'REPOSITORY-UNREACHABLE',
    where: `repository ${of.repository} of stack ${of.stack}`,
    fact: `it is not back: ${plan.unreachable}`,
    hint: 'nothing was changed; run the same command again when it answers',
  });
}

async function upWith(ports: FailoverPorts, stack: SiteStack, ids: (before: string[]) => string[], step: string) {
  const config = await stack.engine.config();
  const values = settingDetached(config, ids(detachedIn(config)));
  if (Object.keys(values).length > 0) await stack.engine.setConfig(values);
  const { progress, signal } = ports;
  await bringUp({ stack: stack.engine, step, progress, signal, waits: waitsOf(ports, stack) });
}

/** Throws `UP-FAILED`; run again, it resumes. */
export async function detachFromStack(ports: FailoverPorts, of: StackRepository): Promise<void> {
  const { stack } = await inspect(ports, of, 'detached');
  await upWith(ports, stack, (before) => [...before, of.repository], 'detach');
}

/**
 * The fence comes first: a site that has come back with its region may read nothing but this repository, and must not lead on. The `up`
 * initialises the repository for the running lineage and lets WAL go there. Throws `FENCE-TAKEN` (exit 6) and `UP-FAILED`.
 */
export async function attachToStack(ports: FailoverPorts, of: StackRepository): Promise<void> {
  const { stack, place } = await inspect(ports, of, 'attached');
  const { follows, leads, lineage } = stack.outputs;
  if (leads && follows !== undefined) {
    await raiseFence(await ports.openStorage(place), stack.layout, {
      lineage: lineageName(follows.site, follows.generation),
      successor: lineage,
      what: `dr repository attach ${of.repository} --stack ${of.stack}`,
      now: ports.now(),
      key: signingKeyOf(stack),
    });
  }
  await upWith(ports, stack, (before) => before.filter((id) => id !== of.repository), 'attach');
}
