/** The cluster as the tests ask it. */
import {
  ApiException,
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  KubeConfig,
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

export function connect(kubeconfig: string): Api {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const objects = KubernetesObjectApi.makeApiClient(config);
  const core = config.makeApiClient(CoreV1Api);
  return {
    core,
    apps: config.makeApiClient(AppsV1Api),
    batch: config.makeApiClient(BatchV1Api),
    async apply(manifest, { dryRun = false } = {}) {
      const mode = dryRun ? 'All' : undefined;
      try {
        await objects.patch(manifest, undefined, mode, FIELD_MANAGER, true, PatchStrategy.ServerSideApply);
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
