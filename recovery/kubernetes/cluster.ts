/** Reads one Kubernetes API: discovery, paged lists, single objects. As plain JSON, because the client's classes drop what they don't know. */
import { HttpMethod, IsomorphicFetchHttpLibrary, RequestContext } from '@kubernetes/client-node';
import pRetry from 'p-retry';
import { DrError, EXIT } from '../core/errors.ts';
import type { ClusterAccess } from './access.ts';
import { type Ask, discoverTypes } from './discovery.ts';
import { type Asked, explainKubernetes, isPassing, KubernetesAnswer } from './failure.ts';
import { type Cluster, type KubeObject, kindName, type ResourceType } from './objects.ts';

export interface ClusterOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: (detail: string) => void;
  /** Objects a page. @default 500 */
  readonly pageSize?: number;
  /** Of one request, with its whole answer. @default 30 */
  readonly timeoutSeconds?: number;
  /** Before the second try; doubled before each further one. With four more tries a server that is restarted is back by then. @default 300 */
  readonly pauseMilliseconds?: number;
}

interface Page {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly KubeObject[];
}

/** A list that changes faster than its pages are read is begun again this often. */
const RESTARTS = 5;
const RETRIES = 4;

async function toJson(status: number, text: string): Promise<unknown> {
  if (status < 300) return JSON.parse(text);
  let said: { message?: string; reason?: string } = {};
  try {
    said = JSON.parse(text) as typeof said;
  } catch {
    // A proxy in between answers in its own words.
  }
  throw new KubernetesAnswer(
    status,
    said.reason ?? '',
    said.message ?? text.trim().split('\n')[0]?.slice(0, 200) ?? '',
  );
}

/** The plug-in of a cloud may ask a person to log in again, and files named in the kubeconfig may be gone. */
async function authenticate(access: ClusterAccess, request: RequestContext): Promise<void> {
  try {
    await access.config.applySecurityAuthentication(request);
  } catch (cause) {
    throw new DrError({
      code: 'KUBERNETES-CREDENTIALS',
      where: access.describe,
      fact: `the credentials can't be had: ${(cause as Error).message}`,
      hint: 'log in again, or mend the user of that context in the kubeconfig',
      exit: EXIT.usage,
      cause,
    });
  }
}

function makeAsk(access: ClusterAccess, options: ClusterOptions): { ask: Ask; close: () => Promise<void> } {
  const http = new IsomorphicFetchHttpLibrary();
  const timeout = (options.timeoutSeconds ?? 30) * 1000;
  let connections: ReturnType<RequestContext['getDispatcher']>;
  const once: Ask = async (path, _, query = {}) => {
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
  const ask: Ask = async (path, asked, query) => {
    try {
      return await pRetry(() => once(path, asked, query), {
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
      // What a caller can deal with stays what it is: an absent object, a list that has expired.
      if (error instanceof KubernetesAnswer && [404, 410, 503].includes(error.status)) throw error;
      throw explainKubernetes(error, access.describe, asked);
    }
  };
  return { ask, close: async () => connections?.close() };
}

function pathOf(type: ResourceType, namespace?: string, name?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const inside = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${inside}/${type.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

/** Items of a list don't say their kind. */
function withKind(type: ResourceType, object: KubeObject): KubeObject {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return { ...object, apiVersion, kind: type.kind };
}

async function readPages(ask: Ask, path: string, asked: Asked, pageSize: number): Promise<KubeObject[]> {
  const items: KubeObject[] = [];
  let next: string | undefined;
  do {
    const query = { limit: String(pageSize), ...(next === undefined ? {} : { continue: next }) };
    const page = (await ask(path, asked, query)) as Page;
    items.push(...(page.items ?? []));
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
  return items;
}

/** Throws nothing itself; every call throws `KUBERNETES-UNREACHABLE`, `-FORBIDDEN`, `-CREDENTIALS` or `-FAILED`. */
export function openCluster(access: ClusterAccess, options: ClusterOptions = {}): Cluster {
  const { ask, close } = makeAsk(access, options);
  const { describe } = access;
  return {
    describe,
    [Symbol.asyncDispose]: close,
    async version() {
      const asked = { verb: 'get', resource: '/version' } as const;
      const { gitVersion } = (await ask('/version', asked)) as { gitVersion: string };
      return gitVersion;
    },
    discover: () => discoverTypes(ask, describe),
    async list(type, namespace) {
      const path = pathOf(type, namespace);
      const asked: Asked = { verb: 'list', resource: kindName({ group: type.group, kind: type.plural }), namespace };
      try {
        // 410 Gone: the server has compacted what the next page would have been of. Half of two moments is no list.
        const items = await pRetry(() => readPages(ask, path, asked, options.pageSize ?? 500), {
          retries: RESTARTS,
          minTimeout: 50,
          shouldRetry: ({ error }) => error instanceof KubernetesAnswer && error.status === 410,
          onFailedAttempt: ({ error }) => options.onRetry?.(`${path}: ${error.message}`),
        });
        return items.map((item) => withKind(type, item));
      } catch (error) {
        // The definition was deleted meanwhile, and its objects with it.
        if (error instanceof KubernetesAnswer && error.status === 404) return [];
        throw explainKubernetes(error, describe, asked);
      }
    },
    async get(type, name, namespace) {
      const asked: Asked = {
        verb: 'get',
        resource: `${kindName({ group: type.group, kind: type.plural })} ${name}`,
        namespace,
      };
      try {
        return withKind(type, (await ask(pathOf(type, namespace, name), asked)) as KubeObject);
      } catch (error) {
        if (error instanceof KubernetesAnswer && error.status === 404) return undefined;
        throw explainKubernetes(error, describe, asked);
      }
    },
  };
}
