/** What an answer of a Kubernetes API, or the lack of one, means to a person. */
import { DrError, EXIT } from '../core/errors.ts';

/** One request, in the words of RBAC. */
export interface Asked {
  readonly verb: 'get' | 'list' | 'create' | 'patch' | 'delete';
  /** `deployments.apps`, or a path where it is no resource. */
  readonly resource: string;
  readonly namespace?: string | undefined;
}

/** An answer that is no success. `message` is the server's own. */
export class KubernetesAnswer extends Error {
  override readonly name = 'KubernetesAnswer';
  readonly status: number;
  /** `Expired`, `Forbidden`, …: the server's word for it. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** `fetch failed` says nothing; what is below it does. */
function innermost(error: unknown): Failure {
  const { cause, errors } = error as Failure;
  if (errors?.[0] !== undefined) return innermost(errors[0]);
  return cause instanceof Error ? innermost(cause) : (error as Failure);
}

/** Worth another try: the server is busy, restarting, or was cut off. */
export function isPassing(error: unknown): boolean {
  if (error instanceof KubernetesAnswer) return error.status === 429 || error.status >= 500;
  if (error instanceof DrError) return false;
  const { code = '', name } = innermost(error);
  return name === 'TimeoutError' || /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR)/.test(code);
}

const isCertificate = ({ code = '', message = '' }: Failure): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ERR_TLS|ERR_SSL/.test(code) || /certificate/i.test(message);

function words({ verb, resource, namespace }: Asked): string {
  return namespace === undefined ? `${verb} ${resource}` : `${verb} ${resource} in the namespace ${namespace}`;
}

function explainAnswer(answer: KubernetesAnswer, where: string, asked: Asked): DrError {
  const { status, message } = answer;
  const facts = { where, cause: answer };
  if (status === 401) {
    return new DrError({
      ...facts,
      code: 'KUBERNETES-CREDENTIALS',
      fact: `the server does not know who asks (HTTP 401): the token or certificate has expired, or was never its own`,
      hint: 'renew the credentials in the kubeconfig; in a pod, see that its service account and token are mounted',
      exit: EXIT.usage,
    });
  }
  if (status === 403) {
    return new DrError({
      ...facts,
      code: 'KUBERNETES-FORBIDDEN',
      fact: `may not ${words(asked)}: ${message}`,
      hint: ['get', 'list'].includes(asked.verb)
        ? 'let a ClusterRole allow get and list of all resources to the account of `dr`: a capture that leaves out what it may not see would look complete; in a stack an operator’s cluster-scoped kinds are named by capture.clusterKinds'
        : 'use a context whose user may change that namespace',
      exit: EXIT.usage,
    });
  }
  return new DrError({
    ...facts,
    code: status >= 500 || status === 429 ? 'KUBERNETES-UNREACHABLE' : 'KUBERNETES-FAILED',
    fact: `${words(asked)}: HTTP ${status} ${message}`,
    hint: 'ask the server itself: kubectl get --raw /readyz?verbose',
  });
}

/** `where` names context and server. A DrError passes through. */
export function explainKubernetes(error: unknown, where: string, asked: Asked): DrError {
  if (error instanceof DrError) return error;
  if (error instanceof KubernetesAnswer) return explainAnswer(error, where, asked);
  const failure = innermost(error);
  const facts = { where, cause: error };
  const said = failure.message || failure.code || 'no answer';
  if (failure.name === 'AbortError') {
    return new DrError({
      ...facts,
      code: 'INTERRUPTED',
      fact: `${words(asked)} was stopped`,
      hint: 'start the same command again',
      exit: EXIT.interrupted,
    });
  }
  if (isCertificate(failure)) {
    return new DrError({
      ...facts,
      code: 'KUBERNETES-UNREACHABLE',
      fact: `a certificate is not accepted: ${said}`,
      hint: 'the kubeconfig must hold the authority of this server, and a client certificate that has not expired; never switch the check off',
    });
  }
  return new DrError({
    ...facts,
    code: 'KUBERNETES-UNREACHABLE',
    fact: `${words(asked)}: ${said}${failure.code === undefined || said.includes(failure.code) ? '' : ` (${failure.code})`}`,
    hint: 'check the network and that the API server runs; if the cluster is lost, this is the time to rebuild it from the newest point',
  });
}
