/** Calls of one cluster that change something, each retried while the failure may pass. */
import { ApiException } from '@kubernetes/client-node';
import pRetry from 'p-retry';
import type { ClusterAccess } from './access.ts';
import { type ApiCall, answerOf, explainKubernetes, isPassing, KubernetesAnswer } from './failure.ts';

/** The server's own message, which the client wraps. */
function toAnswer(error: unknown): unknown {
  if (!(error instanceof ApiException)) return error;
  const body = typeof error.body === 'string' ? error.body : JSON.stringify(error.body ?? '');
  return answerOf(error.code, body);
}

export const isAbsent = (error: unknown): boolean => error instanceof KubernetesAnswer && error.status === 404;
export const alreadyExists = (error: unknown): boolean => error instanceof KubernetesAnswer && error.status === 409;

/** Gives undefined for an error that `ignore` accepts. Throws `KUBERNETES-…` DrErrors. */
export type Call = <T>(
  call: ApiCall,
  run: () => Promise<T>,
  ignore?: (error: unknown) => boolean,
) => Promise<T | undefined>;

export function callsOf({ describe }: Pick<ClusterAccess, 'describe'>, signal?: AbortSignal): Call {
  return async (call, run, ignore) => {
    try {
      return await pRetry(
        () =>
          run().catch((error: unknown) => {
            throw toAnswer(error);
          }),
        {
          // 4.5 s in all, as in cluster.ts.
          retries: 4,
          minTimeout: 300,
          ...(signal ? { signal } : {}),
          shouldRetry: ({ error }) => isPassing(error),
        },
      );
    } catch (error) {
      if (ignore?.(error)) return undefined;
      throw explainKubernetes(error, describe, call);
    }
  };
}
