/**
 * Changes one Kubernetes cluster in the few ways that a failover needs: stops workloads, keeps them from starting again, and runs SQL in
 * the database's pod.
 */
import { AppsV1Api, BatchV1Api, CoreV1Api, type V1Pod } from '@kubernetes/client-node';
import { OWN_LABEL } from '../../plan/layout.ts';
import type { ClusterAccess } from './access.ts';
import { alreadyExists, isAbsent } from './calls.ts';
import { runInPod } from './exec.ts';
import type { ApiCall } from './failure.ts';
import { BEFORE, FENCE_QUOTA, SUSPENDED } from './fence-marks.ts';
import { Patches } from './fields/patch.ts';
import { parseRows, psqlArguments } from './psql.ts';
import type { JobState, Pod, Scalable, Schedule, SiteCluster } from './site-cluster.ts';

interface Meta {
  readonly name?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

interface ScaledObject {
  readonly metadata?: Meta;
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number };
}

const nameOf = (metadata: Meta | undefined): string => metadata?.name ?? '';

function podOf({ metadata, status }: V1Pod): Pod {
  const owners = metadata?.ownerReferences?.map(({ kind }) => kind) ?? [];
  const labels = metadata?.labels ?? {};
  return {
    name: nameOf(metadata),
    app: labels[OWN_LABEL] === 'stack' ? (labels['app.kubernetes.io/name'] ?? '') : '',
    ready: status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
    // A pod that is being deleted runs until it is gone.
    serves:
      owners.some((kind) => kind === 'ReplicaSet' || kind === 'StatefulSet') &&
      !['Succeeded', 'Failed'].includes(status?.phase ?? ''),
  };
}

async function jobState(calls: Patches, batch: BatchV1Api, namespace: string, name: string): Promise<JobState> {
  const call: ApiCall = { verb: 'get', resource: `jobs.batch ${name}`, namespace };
  const found = await calls.call(call, () => batch.readNamespacedJob({ namespace, name }), isAbsent);
  if (found === undefined) return 'absent';
  const holds = (wanted: string) =>
    found.status?.conditions?.some(({ type, status }) => type === wanted && status === 'True') === true;
  return holds('Complete') ? 'done' : holds('Failed') ? 'failed' : 'running';
}

/** Container that runs the server in the members' pods. */
const DATABASE = 'postgres';

async function runSql(access: ClusterAccess, namespace: string, pod: string, statement: string) {
  const output = await runInPod(access, { namespace, pod, container: DATABASE }, psqlArguments(statement));
  return parseRows(statement, output);
}

export function openSiteCluster(access: ClusterAccess, signal?: AbortSignal): SiteCluster {
  const calls = new Patches(access, signal);
  const core = access.config.makeApiClient(CoreV1Api);
  const apps = access.config.makeApiClient(AppsV1Api);
  const batch = access.config.makeApiClient(BatchV1Api);
  const list = async <T>(resource: string, namespace: string, run: () => Promise<{ items: T[] }>): Promise<T[]> =>
    (await calls.call({ verb: 'list', resource, namespace }, run))?.items ?? [];
  const scalable =
    (kind: Scalable['kind'], namespace: string) =>
    ({ metadata, spec, status }: ScaledObject): Scalable => {
      const before = metadata?.annotations?.[BEFORE];
      const replicas = spec?.replicas ?? 1;
      const ready = status?.readyReplicas ?? 0;
      return { kind, namespace, name: nameOf(metadata), replicas, ready, ...(before && { before: Number(before) }) };
    };
  return {
    describe: access.describe,
    async [Symbol.asyncDispose]() {},
    async hasNamespace(name) {
      const call: ApiCall = { verb: 'get', resource: `namespaces ${name}` };
      return (await calls.call(call, () => core.readNamespace({ name }), isAbsent)) !== undefined;
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
      await calls.patch({ kind, namespace, name }, { annotations, spec: { replicas: 0 } });
    },
    async resume({ kind, namespace, name, before }) {
      if (before === undefined) return;
      const annotations = { [BEFORE]: null };
      await calls.patch({ kind, namespace, name }, { annotations, spec: { replicas: before } });
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
      const annotations = { [SUSPENDED]: 'true' };
      await calls.patch({ kind: 'CronJob', namespace, name }, { annotations, spec: { suspend: true } });
    },
    async unsuspend({ namespace, name, stopped }) {
      if (!stopped) return;
      const annotations = { [SUSPENDED]: null };
      await calls.patch({ kind: 'CronJob', namespace, name }, { annotations, spec: { suspend: false } });
    },
    async pods(namespace) {
      return (await list('pods', namespace, () => core.listNamespacedPod({ namespace }))).map(podOf);
    },
    async refusePods(namespace, why) {
      const metadata = { name: FENCE_QUOTA, namespace, annotations: { 'go-coffee-dr/why': why } };
      const body = { metadata, spec: { hard: { pods: '0' } } };
      const call: ApiCall = { verb: 'create', resource: 'resourcequotas', namespace };
      await calls.call(call, () => core.createNamespacedResourceQuota({ namespace, body }), alreadyExists);
    },
    async admitPods(namespace) {
      const call: ApiCall = { verb: 'delete', resource: `resourcequotas ${FENCE_QUOTA}`, namespace };
      await calls.call(call, () => core.deleteNamespacedResourceQuota({ namespace, name: FENCE_QUOTA }), isAbsent);
    },
    async claims(namespace) {
      const resource = 'persistentvolumeclaims';
      const run = () => core.listNamespacedPersistentVolumeClaim({ namespace });
      return (await list(resource, namespace, run)).map(({ metadata }) => nameOf(metadata));
    },
    async deleteClaim(namespace, name) {
      const call: ApiCall = { verb: 'delete', resource: `persistentvolumeclaims ${name}`, namespace };
      await calls.call(call, () => core.deleteNamespacedPersistentVolumeClaim({ namespace, name }), isAbsent);
    },
    async deleteEndpoints(namespace, name) {
      const call: ApiCall = { verb: 'delete', resource: `endpoints ${name}`, namespace };
      await calls.call(call, () => core.deleteNamespacedEndpoints({ namespace, name }), isAbsent);
    },
    job: (namespace, name) => jobState(calls, batch, namespace, name),
    sql: (namespace, pod, statement) => runSql(access, namespace, pod, statement),
  };
}
