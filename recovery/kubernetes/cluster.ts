/** Reads one Kubernetes API: discovery, paged lists, single objects. As plain JSON: the client's classes drop fields that they don't know. */
import { HttpMethod, IsomorphicFetchHttpLibrary, RequestContext } from '@kubernetes/client-node';
import pRetry from 'p-retry';
import { DrError, EXIT } from '../core/errors.ts';
import type { ClusterAccess } from './access.ts';
import { pageSchema, readAnswer, readObject, versionSchema } from './answers.ts';
import { discoverTypes, type Get } from './discovery.ts';
import { type ApiCall, answerOf, explainKubernetes, isPassing, KubernetesAnswer } from './failure.ts';
import { type Cluster, kindName, type ResourceType } from './objects.ts';

export interface ClusterOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: (detail: string) => void;
  /** Objects in a page; kubectl asks for as many. @default 500 */
  readonly pageSize?: number;
  /** For one request and its whole answer: a page of large objects takes seconds on a slow link. @default 30 */
  readonly timeoutSeconds?: number;
  /** Before the second try; doubled before each further one. Four retries take 4.5 s: a restarting server is usually back by then. @default 300 */
  readonly pauseMilliseconds?: number;
}

/** How often a list starts again whose pages expire while it is read. */
const RESTARTS = 5;
/** Retries of one request. */
const RETRIES = 4;

function toJson(status: number, text: string): unknown {
  if (status < 300) return JSON.parse(text);
  throw answerOf(status, text);
}

/** A cloud's plug-in may require a new login, and files that the kubeconfig names may be missing. */
export async function authenticate(access: ClusterAccess, request: RequestContext): Promise<void> {
  try {
    await access.config.applySecurityAuthentication(request);
  } catch (cause) {
    throw new DrError({
      code: 'KUBERNETES-CREDENTIALS',
      where: access.describe,
      fact: `the credentials can't be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'log in again, or fix the user of that context in the kubeconfig',
      exit: EXIT.usage,
      cause,
    });
  }
}

function makeGet(access: ClusterAccess, options: ClusterOptions): { get: Get; close: () => Promise<void> } {
  const http = new IsomorphicFetchHttpLibrary();
  const timeout = (options.timeoutSeconds ?? 30) * 1000;
  let connections: ReturnType<RequestContext['getDispatcher']>;
  const once: Get = async (path, _, query = {}) => {
    const request = new RequestContext(`${access.server.replace(/\/$/, '')}${path}`, HttpMethod.GET);
    for (const [name, value] of Object.entries(query)) request.setQueryParam(name, value);
    request.setHeaderParam('Accept', 'application/json');
    await authenticate(access, request);
    // The client makes a new pool of connections for each request.
    connections ??= request.getDispatcher();
    if (connections) request.setDispatcher(connections);
    request.setSignal(AbortSignal.any([AbortSignal.timeout(timeout), ...(options.signal ? [options.signal] : [])]));
    const response = await http.send(request).toPromise();
    return toJson(response.httpStatusCode, await response.body.text());
  };
  const get: Get = async (path, call, query) => {
    try {
      return await pRetry(() => once(path, call, query), {
        retries: RETRIES,
        minTimeout: options.pauseMilliseconds ?? 300,
        factor: 2,
        ...(options.signal ? { signal: options.signal } : {}),
        shouldRetry: ({ error }) => isPassing(error),
        onFailedAttempt: ({ error, retriesLeft }) => {
          if (retriesLeft > 0 && isPassing(error)) options.onRetry?.(`${path}: ${error.message}`);
        },
      });
    } catch (error) {
      // Callers handle these themselves: an absent object, a list that has expired.
      if (error instanceof KubernetesAnswer && [404, 410, 503].includes(error.status)) throw error;
      throw explainKubernetes(error, access.describe, call);
    }
  };
  return { get, close: async () => connections?.close() };
}

export function pathOf(type: ResourceType, namespace?: string, name?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const inside = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${inside}/${type.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

async function readPages(get: Get, path: string, call: ApiCall, pageSize: number): Promise<unknown[]> {
  const items: unknown[] = [];
  let next: string | undefined;
  do {
    const query = { limit: String(pageSize), ...(next === undefined ? {} : { continue: next }) };
    const page = readAnswer(pageSchema, await get(path, call, query));
    items.push(...(page.items ?? []));
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
  return items;
}

/** Makes no connection. Every call throws `KUBERNETES-UNREACHABLE`, `-FORBIDDEN`, `-CREDENTIALS` or `-FAILED`. */
export function openCluster(access: ClusterAccess, options: ClusterOptions = {}): Cluster {
  const { get, close } = makeGet(access, options);
  const { describe } = access;
  return {
    describe,
    [Symbol.asyncDispose]: close,
    async version() {
      const call: ApiCall = { verb: 'get', resource: '/version' };
      try {
        return readAnswer(versionSchema, await get('/version', call)).gitVersion;
      } catch (error) {
        throw explainKubernetes(error, describe, call);
      }
    },
    discover: () => discoverTypes(get, describe),
    async list(type, namespace) {
      const path = pathOf(type, namespace);
      const call: ApiCall = { verb: 'list', resource: kindName({ group: type.group, kind: type.plural }), namespace };
      try {
        // 410 Gone: the server has compacted the revision that the list began with. Pages of two revisions are not one list.
        const items = await pRetry(() => readPages(get, path, call, options.pageSize ?? 500), {
          retries: RESTARTS,
          minTimeout: 50,
          shouldRetry: ({ error }) => error instanceof KubernetesAnswer && error.status === 410,
          onFailedAttempt: ({ error }) => options.onRetry?.(`${path}: ${error.message}`),
        });
        return items.map((item) => readObject(type, item));
      } catch (error) {
        // The definition was deleted in the meantime, and its objects with it.
        if (error instanceof KubernetesAnswer && error.status === 404) return [];
        throw explainKubernetes(error, describe, call);
      }
    },
    async get(type, name, namespace) {
      const call: ApiCall = {
        verb: 'get',
        resource: `${kindName({ group: type.group, kind: type.plural })} ${name}`,
        namespace,
      };
      try {
        return readObject(type, await get(pathOf(type, namespace, name), call));
      } catch (error) {
        if (error instanceof KubernetesAnswer && error.status === 404) return undefined;
        throw explainKubernetes(error, describe, call);
      }
    },
  };
}
