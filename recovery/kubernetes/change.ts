/**
 * Changes one Kubernetes cluster, in the few ways that a failover needs: stops what runs, keeps it from coming back, and asks the
 * database in its pod. The context is named, never the current one.
 */
import {
  ApiException,
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
  type V1Pod,
} from '@kubernetes/client-node';
import pRetry from 'p-retry';
import type { ClusterAccess } from './access.ts';
import { runInPod } from './exec.ts';
import { type Asked, explainKubernetes, isPassing, KubernetesAnswer } from './failure.ts';
import { parseRows, psqlArguments } from './psql.ts';
import type { JobState, Pod, Scalable, Schedule, SiteCluster } from './site-cluster.ts';

const FIELD_MANAGER = 'go-coffee-dr';
const BEFORE = 'go-coffee-dr/replicas-before-fence';
const SUSPENDED = 'go-coffee-dr/suspended-by-fence';
const QUOTA = 'dr-fence';

/** An answer in the words of the server, whatever the client wraps it in. */
function toAnswer(error: unknown): unknown {
  if (!(error instanceof ApiException)) return error;
  const body = typeof error.body === 'string' ? error.body : JSON.stringify(error.body ?? '');
  let said: { message?: string; reason?: string } = {};
  try {
    said = JSON.parse(body) as typeof said;
  } catch {
    // A proxy in between answers in its own words.
  }
  return new KubernetesAnswer(error.code, said.reason ?? '', said.message ?? body.slice(0, 200));
}

const isAbsent = (error: unknown): boolean => error instanceof KubernetesAnswer && error.status === 404;
const isThere = (error: unknown): boolean => error instanceof KubernetesAnswer && error.status === 409;

interface Meta {
  readonly name?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const nameOf = (metadata: Meta | undefined): string => metadata?.name ?? '';

function podOf({ metadata, status }: V1Pod): Pod {
  const owners = metadata?.ownerReferences?.map(({ kind }) => kind) ?? [];
  const labels = metadata?.labels ?? {};
  return {
    name: nameOf(metadata),
    app: labels['app.kubernetes.io/name'] ?? labels.app ?? '',
    ready: status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
    // One that is being deleted runs until it is gone.
    serves:
      owners.some((kind) => kind === 'ReplicaSet' || kind === 'StatefulSet') &&
      !['Succeeded', 'Failed'].includes(status?.phase ?? ''),
  };
}

const KINDS = { Deployment: 'apps/v1', StatefulSet: 'apps/v1', CronJob: 'batch/v1' } as const;

/** Calls of one cluster, each tried again while the failure may pass. */
class Calls {
  readonly #access: ClusterAccess;
  readonly #signal: AbortSignal | undefined;
  readonly objects: KubernetesObjectApi;

  constructor(access: ClusterAccess, signal: AbortSignal | undefined) {
    this.#access = access;
    this.#signal = signal;
    this.objects = KubernetesObjectApi.makeApiClient(access.config);
  }

  /** `ignore`: answers that are no failure; then undefined. */
  async call<T>(asked: Asked, run: () => Promise<T>, ignore?: (error: unknown) => boolean): Promise<T | undefined> {
    try {
      return await pRetry(
        () =>
          run().catch((error: unknown) => {
            throw toAnswer(error);
          }),
        {
          retries: 4,
          minTimeout: 300,
          ...(this.#signal ? { signal: this.#signal } : {}),
          shouldRetry: ({ error }) => isPassing(error),
        },
      );
    } catch (error) {
      if (ignore?.(error)) return undefined;
      throw explainKubernetes(error, this.#access.describe, asked);
    }
  }

  /**
   * Changes these fields and owns none of them afterwards: the stack that declares the object must be able to set them again, and
   * a field that somebody else owns would be a conflict.
   */
  async patch(
    kind: keyof typeof KINDS,
    namespace: string,
    name: string,
    change: Record<string, unknown>,
  ): Promise<void> {
    const asked: Asked = { verb: 'patch', resource: `${kind} ${name}`, namespace };
    const head = { apiVersion: KINDS[kind], kind };
    const put = (body: KubernetesObject) =>
      this.call(asked, () =>
        this.objects.patch(body, undefined, undefined, FIELD_MANAGER, undefined, PatchStrategy.MergePatch),
      );
    const { metadata, ...rest } = change as { metadata: Record<string, unknown> };
    const changed = await put({ ...head, metadata: { name, namespace, ...metadata }, ...rest } as KubernetesObject);
    const managedFields = changed?.metadata?.managedFields?.filter(({ manager }) => manager !== FIELD_MANAGER);
    if (managedFields !== undefined && managedFields.length > 0) {
      await put({ ...head, metadata: { name, namespace, managedFields } });
    }
  }
}

async function jobState(calls: Calls, batch: BatchV1Api, namespace: string, name: string): Promise<JobState> {
  const asked: Asked = { verb: 'get', resource: `jobs.batch ${name}`, namespace };
  const found = await calls.call(asked, () => batch.readNamespacedJob({ namespace, name }), isAbsent);
  if (found === undefined) return 'absent';
  const holds = (wanted: string) =>
    found.status?.conditions?.some(({ type, status }) => type === wanted && status === 'True') === true;
  return holds('Complete') ? 'done' : holds('Failed') ? 'failed' : 'running';
}

/** Container of the members' pods that the server runs in. */
const DATABASE = 'postgres';

async function ask(access: ClusterAccess, namespace: string, pod: string, statement: string) {
  const said = await runInPod(access, { namespace, pod, container: DATABASE }, psqlArguments(statement));
  return parseRows(statement, said);
}

export function openSiteCluster(access: ClusterAccess, signal?: AbortSignal): SiteCluster {
  const calls = new Calls(access, signal);
  const core = access.config.makeApiClient(CoreV1Api);
  const apps = access.config.makeApiClient(AppsV1Api);
  const batch = access.config.makeApiClient(BatchV1Api);
  const list = async <T>(resource: string, namespace: string, run: () => Promise<{ items: T[] }>): Promise<T[]> =>
    (await calls.call({ verb: 'list', resource, namespace }, run))?.items ?? [];
  const scalable =
    (kind: Scalable['kind'], namespace: string) =>
    ({ metadata, spec }: { metadata?: Meta; spec?: { replicas?: number } }): Scalable => {
      const before = metadata?.annotations?.[BEFORE];
      const replicas = spec?.replicas ?? 1;
      return { kind, namespace, name: nameOf(metadata), replicas, ...(before && { before: Number(before) }) };
    };
  return {
    describe: access.describe,
    async [Symbol.asyncDispose]() {},
    async hasNamespace(name) {
      const asked: Asked = { verb: 'get', resource: `namespaces ${name}` };
      return (await calls.call(asked, () => core.readNamespace({ name }), isAbsent)) !== undefined;
    },
    async scalables(namespace) {
      const [deployments, sets] = await Promise.all([
        list('deployments.apps', namespace, () => apps.listNamespacedDeployment({ namespace })),
        list('statefulsets.apps', namespace, () => apps.listNamespacedStatefulSet({ namespace })),
      ]);
      return [...deployments.map(scalable('Deployment', namespace)), ...sets.map(scalable('StatefulSet', namespace))];
    },
    async stop({ kind, namespace, name, replicas }) {
      if (replicas === 0) return;
      const annotations = { [BEFORE]: String(replicas) };
      await calls.patch(kind, namespace, name, { metadata: { annotations }, spec: { replicas: 0 } });
    },
    async resume({ kind, namespace, name, before }) {
      if (before === undefined) return;
      const metadata = { annotations: { [BEFORE]: null } };
      await calls.patch(kind, namespace, name, { metadata, spec: { replicas: before } });
    },
    async schedules(namespace) {
      const found = await list('cronjobs.batch', namespace, () => batch.listNamespacedCronJob({ namespace }));
      return found.map(
        ({ metadata, spec }): Schedule => ({
          namespace,
          name: nameOf(metadata),
          suspended: spec?.suspend === true,
          stopped: metadata?.annotations?.[SUSPENDED] !== undefined,
        }),
      );
    },
    async suspend({ namespace, name, suspended }) {
      if (suspended) return;
      const metadata = { annotations: { [SUSPENDED]: 'true' } };
      await calls.patch('CronJob', namespace, name, { metadata, spec: { suspend: true } });
    },
    async unsuspend({ namespace, name, stopped }) {
      if (!stopped) return;
      const metadata = { annotations: { [SUSPENDED]: null } };
      await calls.patch('CronJob', namespace, name, { metadata, spec: { suspend: false } });
    },
    async pods(namespace) {
      return (await list('pods', namespace, () => core.listNamespacedPod({ namespace }))).map(podOf);
    },
    async refusePods(namespace, why) {
      const metadata = { name: QUOTA, namespace, annotations: { 'go-coffee-dr/why': why } };
      const body = { metadata, spec: { hard: { pods: '0' } } };
      const asked: Asked = { verb: 'create', resource: 'resourcequotas', namespace };
      await calls.call(asked, () => core.createNamespacedResourceQuota({ namespace, body }), isThere);
    },
    async admitPods(namespace) {
      const asked: Asked = { verb: 'delete', resource: `resourcequotas ${QUOTA}`, namespace };
      await calls.call(asked, () => core.deleteNamespacedResourceQuota({ namespace, name: QUOTA }), isAbsent);
    },
    async claims(namespace) {
      const resource = 'persistentvolumeclaims';
      const run = () => core.listNamespacedPersistentVolumeClaim({ namespace });
      return (await list(resource, namespace, run)).map(({ metadata }) => nameOf(metadata));
    },
    async deleteClaim(namespace, name) {
      const asked: Asked = { verb: 'delete', resource: `persistentvolumeclaims ${name}`, namespace };
      await calls.call(asked, () => core.deleteNamespacedPersistentVolumeClaim({ namespace, name }), isAbsent);
    },
    async deleteEndpoints(namespace, name) {
      const asked: Asked = { verb: 'delete', resource: `endpoints ${name}`, namespace };
      await calls.call(asked, () => core.deleteNamespacedEndpoints({ namespace, name }), isAbsent);
    },
    job: (namespace, name) => jobState(calls, batch, namespace, name),
    sql: (namespace, pod, statement) => ask(access, namespace, pod, statement),
  };
}
