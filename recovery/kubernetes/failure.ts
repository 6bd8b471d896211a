/** Turns a failed call of a Kubernetes API into an error that a person can act on. */
import { rethrowBug } from '../core/as-dr-error.ts';
import { DrError, EXIT } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { fieldsOf, listOf, textOf } from './objects.ts';

/** One request, in RBAC's terms. */
export interface ApiCall {
  readonly verb: 'get' | 'list' | 'create' | 'patch' | 'delete';
  /** `deployments.apps`; a path where the request is not for a resource. */
  readonly resource: string;
  readonly namespace?: string | undefined;
}

/** An answer that can't be used: a status of 300 and more, or content of the wrong shape. `message` is the server's own. */
export class KubernetesAnswer extends Error {
  override readonly name = 'KubernetesAnswer';
  readonly status: number;
  /** The server's keyword: `Expired`, `Forbidden`, … */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** @param consequence what follows from it: `, so its objects can't be read` */
export function groupsSilent(where: string, groups: readonly string[], consequence: string): DrError {
  return new DrError({
    code: 'KUBERNETES-GROUP-SILENT',
    where,
    fact: `the server of ${groups.join(', ')} does not answer${consequence}`,
    hint: 'kubectl get apiservices; start that server, or delete its APIService',
  });
}

/** A proxy in between answers with text of its own instead of a Status object. */
export function answerOf(status: number, text: string): KubernetesAnswer {
  const { reason, message } = fieldsOf(parseJson(text));
  const firstLine = text.trim().split('\n')[0]?.slice(0, 200) ?? '';
  return new KubernetesAnswer(status, textOf(reason), textOf(message) || firstLine);
}

interface Failure {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** `fetch failed` says nothing; the innermost cause does. */
function innermost(error: unknown): Failure {
  const { name, code, message, cause, errors } = fieldsOf(error);
  const [first] = listOf(errors);
  if (first !== undefined) return innermost(first);
  if (cause instanceof Error) return innermost(cause);
  return { name: textOf(name), code: textOf(code), message: textOf(message) };
}

/** Worth another try: the server is busy or restarting, or the connection broke. */
export function isPassing(error: unknown): boolean {
  if (error instanceof KubernetesAnswer) return error.status === 429 || error.status >= 500;
  if (error instanceof DrError) return false;
  const { code, name } = innermost(error);
  return name === 'TimeoutError' || /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR)/.test(code);
}

const isCertificate = ({ code, message }: Failure): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ERR_TLS|ERR_SSL/.test(code) || /certificate/i.test(message);

function words({ verb, resource, namespace }: ApiCall): string {
  return namespace === undefined ? `${verb} ${resource}` : `${verb} ${resource} in the namespace ${namespace}`;
}

function explainAnswer(answer: KubernetesAnswer, where: string, call: ApiCall): DrError {
  const { status, message } = answer;
  const facts = { where, cause: answer };
  if (status === 401) {
    return new DrError({
      ...facts,
      code: 'KUBERNETES-CREDENTIALS',
      fact: 'the server does not accept these credentials (HTTP 401): the token or certificate has expired, or is of another cluster',
      hint: 'renew the credentials in the kubeconfig; in a pod, check that its service account token is mounted',
      exit: EXIT.usage,
    });
  }
  if (status === 403) {
    return new DrError({
      ...facts,
      code: 'KUBERNETES-FORBIDDEN',
      fact: `may not ${words(call)}: ${message}`,
      hint: ['get', 'list'].includes(call.verb)
        ? 'give the account of `dr` a ClusterRole with get and list of all resources: a capture without what it may not read would look complete. In a stack, list an operator’s cluster-scoped kinds in capture.clusterKinds'
        : 'use a context whose user may change that namespace',
      exit: EXIT.usage,
    });
  }
  return new DrError({
    ...facts,
    code: status >= 500 || status === 429 ? 'KUBERNETES-UNREACHABLE' : 'KUBERNETES-FAILED',
    fact: `${words(call)}: HTTP ${status} ${message}`,
    hint: 'check the server: kubectl get --raw /readyz?verbose',
  });
}

/** `where` names context and server. A DrError passes through. */
export function explainKubernetes(error: unknown, where: string, call: ApiCall): DrError {
  if (error instanceof DrError) return error;
  if (error instanceof KubernetesAnswer) return explainAnswer(error, where, call);
  rethrowBug(error);
  const failure = innermost(error);
  const facts = { where, cause: error };
  const reported = failure.message || failure.code || 'no answer';
  if (failure.name === 'AbortError') {
    return new DrError({
      ...facts,
      code: 'INTERRUPTED',
      fact: `${words(call)} was interrupted`,
      hint: 'run the same command again',
      exit: EXIT.interrupted,
    });
  }
  if (isCertificate(failure)) {
    return new DrError({
      ...facts,
      code: 'KUBERNETES-UNREACHABLE',
      fact: `a certificate is not accepted: ${reported}`,
      hint: 'the kubeconfig must hold this server’s certificate authority and a client certificate that has not expired; never disable the check',
    });
  }
  const code = failure.code === '' || reported.includes(failure.code) ? '' : ` (${failure.code})`;
  return new DrError({
    ...facts,
    code: 'KUBERNETES-UNREACHABLE',
    fact: `${words(call)}: ${reported}${code}`,
    hint: 'check the network and that the API server runs. If the cluster is lost: `dr rebuild --stack NAME --to latest`',
  });
}
