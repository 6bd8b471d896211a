/** The cluster as the tests ask it. */
import {
  ApiException,
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  HttpMethod,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
} from '@kubernetes/client-node';
import type { Manifest } from '../infra/manifests-of.ts';

export type { Manifest } from '../infra/manifests-of.ts';

const FIELD_MANAGER = 'go-coffee-dr-tests';

export interface Api {
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly batch: BatchV1Api;
  /** Server-side apply. `dryRun`: everything but the writing. */
  apply(manifest: Manifest, options?: { readonly dryRun?: boolean }): Promise<void>;
  /** Undefined when there is none. */
  read<T = Manifest>(of: Pick<Manifest, 'apiVersion' | 'kind' | 'metadata'>): Promise<T | undefined>;
  remove(of: Pick<Manifest, 'apiVersion' | 'kind' | 'metadata'>): Promise<void>;
  /** True when the API answers that it is ready. */
  isReady(): Promise<boolean>;
}

/** The server knows no such kind (yet). */
export function kindNotKnown(error: unknown): boolean {
  return (
    error instanceof Error &&
    /404|is not known|no matches for kind|Unrecognized API version and kind/.test(error.message)
  );
}

const notFound = (error: unknown): boolean => error instanceof ApiException && error.code === 404;

/** The message of the server, which the client's own buries in headers. */
function explained(manifest: Manifest, error: unknown): Error {
  const { kind, metadata } = manifest;
  const what = `${kind} ${[metadata.namespace, metadata.name].filter(Boolean).join('/')}`;
  if (!(error instanceof ApiException)) return new Error(`${what}: ${String(error)}`, { cause: error });
  const body: unknown = error.body;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text;
  return new Error(`${what}: ${error.code} ${message}`);
}

/** Objects as they are: the client's own way of sending them leaves out what its models call otherwise, `from` of a policy and more. */
class Objects extends KubernetesObjectApi {
  async applyAsIs(manifest: Manifest, dryRun: boolean): Promise<void> {
    const path = await this.specUriPath(structuredClone(manifest) as KubernetesObject, 'patch');
    const request = this.configuration.baseServer.makeRequestContext(path, HttpMethod.PATCH);
    request.setHeaderParam('Accept', 'application/json');
    request.setHeaderParam('Content-Type', PatchStrategy.ServerSideApply);
    request.setQueryParam('fieldManager', FIELD_MANAGER);
    request.setQueryParam('force', 'true');
    if (dryRun) request.setQueryParam('dryRun', 'All');
    request.setBody(JSON.stringify(manifest));
    await this.requestPromise(request);
  }
}

export function connect(kubeconfig: string): Api {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const objects = config.makeApiClient(Objects);
  const core = config.makeApiClient(CoreV1Api);
  return {
    core,
    apps: config.makeApiClient(AppsV1Api),
    batch: config.makeApiClient(BatchV1Api),
    async apply(manifest, { dryRun = false } = {}) {
      try {
        await objects.applyAsIs(manifest, dryRun);
      } catch (error) {
        throw explained(manifest, error);
      }
    },
    async read<T>(of: Pick<Manifest, 'apiVersion' | 'kind' | 'metadata'>) {
      try {
        return (await objects.read({ ...of, metadata: { namespace: 'default', ...of.metadata } })) as T;
      } catch (error) {
        if (notFound(error) || kindNotKnown(error)) return undefined;
        throw error;
      }
    },
    async remove(of) {
      try {
        await objects.delete(of, undefined, undefined, undefined, undefined, 'Background');
      } catch (error) {
        if (!notFound(error)) throw error;
      }
    },
    async isReady() {
      return core.listNode().then(
        () => true,
        () => false,
      );
    },
  };
}
