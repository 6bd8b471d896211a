/** `dr --stack NAME …`: runs one command of `dr` inside the cluster of a stack, with the rights of the pod that runs it. */
import type { Logger } from '../core/log.ts';
import type { Progress } from '../core/progress.ts';
import { readStack } from '../failover/stack.ts';
import { openCluster } from '../kubernetes/cluster.ts';
import { passThrough, type Sinks } from '../kubernetes/exec.ts';
import { openClusterAccess } from '../kubernetes/location.ts';
import type { StackEngine } from '../pulumi/engine.ts';
import type { PodOf } from './commands.ts';
import { CONTAINER } from './job.ts';
import { inPod } from './pods.ts';

export interface HandRequest {
  readonly stack: string;
  readonly podOf: PodOf;
  /** What follows `dr`, as typed. */
  readonly words: readonly string[];
}

export interface HandPorts extends Sinks {
  readonly engine: StackEngine;
  readonly progress: Progress;
  readonly log: Logger;
  /** Called before the command's own output: what stood on the screen until then is complete. */
  readonly settle: () => void;
}

/**
 * Returns the command's exit code; its output went to the sinks. Throws what `readStack` throws, `KUBECONFIG-…` and `CONTEXT-UNKNOWN`
 * (exit 2), `STACK-HAS-NO-POD` (exit 6), `POD-NOT-STARTED`, `POD-COMMAND`.
 */
export async function runByHand({ stack, podOf, words }: HandRequest, ports: HandPorts): Promise<number> {
  const { engine, progress, log, signal, settle } = ports;
  const { outputs, cluster: location } = await readStack(engine, stack);
  const access = await openClusterAccess(location);
  const onRetry = (detail: string) => log.warn({ detail }, 'Kubernetes call retried');
  await using cluster = openCluster(access, { signal, onRetry });
  const namespace = outputs.namespaces.recovery;
  return inPod(podOf, { access, cluster, namespace, progress, log, signal }, (pod) => {
    settle();
    return passThrough(access, { namespace, pod, container: CONTAINER }, ['dr', ...words], ports);
  });
}
