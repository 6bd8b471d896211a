/** Logs of containers, also of the one before the last restart. */
import { CoreV1Api } from '@kubernetes/client-node';
import type { ClusterAccess } from '../access.ts';
import { callsOf } from '../calls.ts';
import { KubernetesAnswer } from '../failure.ts';

export interface LogPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Of the container before its last restart. */
  readonly previous: boolean;
}

/** Undefined where there is none. Throws `KUBERNETES-…`. */
export type ReadLog = (place: LogPlace) => Promise<string | undefined>;

/** A container that never started, or that has no predecessor. */
const noLog = (error: unknown): boolean => error instanceof KubernetesAnswer && [400, 404].includes(error.status);
const MOST_BYTES = 64 * 1024 * 1024;

export function podLogs(access: ClusterAccess, signal?: AbortSignal): ReadLog {
  const call = callsOf(access, signal);
  const core = access.config.makeApiClient(CoreV1Api);
  return ({ namespace, pod, container, previous }) =>
    call(
      { verb: 'get', resource: `pods/log ${pod}`, namespace },
      () =>
        core.readNamespacedPodLog({
          namespace,
          name: pod,
          container,
          previous,
          timestamps: true,
          limitBytes: MOST_BYTES,
        }),
      noLog,
    );
}
