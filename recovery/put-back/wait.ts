/** Waits until the workloads that were put back are available. */
import { DrError } from '../core/errors.ts';
import { poll } from '../core/poll.ts';
import type { Progress } from '../core/progress.ts';
import { fieldsOf, type KubeObject, kindOf, nameOf } from '../kubernetes/objects.ts';
import type { LiveCluster } from './live.ts';
import type { Awaited } from './types.ts';

export interface WaitOptions {
  readonly waitSeconds: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** `2 of 3 available`: of the generation that was put back, not of the one before. Pure. */
export function availability(object: KubeObject): { readonly available: boolean; readonly detail: string } {
  const spec = fieldsOf(object.spec);
  const status = fieldsOf(object.status);
  const strategy = fieldsOf(spec.updateStrategy);
  const daemons = kindOf(object) === 'DaemonSet.apps';
  const seen = number(status.observedGeneration) >= number(object.metadata.generation);
  if (!seen) return { available: false, detail: 'its controller has not seen it yet' };
  const wanted = daemons ? number(status.desiredNumberScheduled) : number(spec.replicas ?? 1);
  const updated = number(daemons ? status.updatedNumberScheduled : status.updatedReplicas);
  const up = number(daemons ? status.numberAvailable : status.availableReplicas);
  // Then pods keep their version until somebody deletes them.
  const held = strategy.type === 'OnDelete' || number(fieldsOf(strategy.rollingUpdate).partition) > 0;
  const isFresh = held || updated >= wanted;
  const fresh = isFresh ? '' : `, ${updated} of this version`;
  return { available: up >= wanted && isFresh, detail: `${up} of ${wanted} available${fresh}` };
}

const KINDS = ['Deployment.apps', 'StatefulSet.apps', 'DaemonSet.apps'];

const gone = { available: false, detail: 'it is gone again' };

/** An API that does not answer for a moment ends no wait: the limit does. */
function unanswered(error: unknown): { readonly available: false; readonly detail: string } {
  if (error instanceof DrError && error.code === 'KUBERNETES-UNREACHABLE')
    return { available: false, detail: error.fact };
  throw error;
}

async function awaitOne(cluster: LiveCluster, object: KubeObject, options: WaitOptions): Promise<Awaited> {
  const { waitSeconds, progress, signal } = options;
  const name = nameOf(object);
  const event = { step: `put-back/wait/${name}`, title: `${name}: wait until it is available` };
  progress({ ...event, state: 'start' });
  const look = async () => {
    const type = await cluster.typeOf(object);
    const live = type && (await cluster.get(type, object));
    const answer = live === undefined ? gone : availability(live);
    progress({ ...event, state: 'progress', detail: answer.detail });
    return answer;
  };
  const { answer } = await poll(
    { seconds: waitSeconds, signal },
    () => look().catch(unanswered),
    ({ available }) => available,
  );
  progress({ ...event, state: answer.available ? 'done' : 'failed', detail: answer.detail });
  return { name, ...answer };
}

/** One limit for all: they start beside each other. */
export async function awaitWorkloads(
  cluster: LiveCluster,
  objects: readonly KubeObject[],
  options: WaitOptions,
): Promise<Awaited[]> {
  const workloads = objects.filter((object) => KINDS.includes(kindOf(object)));
  return Promise.all(workloads.map((object) => awaitOne(cluster, object, options)));
}
