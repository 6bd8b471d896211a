/** What a person would look at when something does not come up: the pods' states, their last lines, the events. */
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import type { Api, Manifest } from './api.ts';

function stateOf({ name, ready, restartCount, state }: V1ContainerStatus): string {
  const { waiting, terminated } = state ?? {};
  const detail = waiting
    ? `waiting: ${waiting.reason ?? ''} ${waiting.message ?? ''}`
    : terminated
      ? `ended ${terminated.exitCode}: ${terminated.reason ?? ''}`
      : 'running';
  return `  ${name}: ${ready ? 'ready' : 'not ready'}, ${restartCount} restarts, ${detail}`;
}

/** Of every container of a pod; `tailLines` of each. */
export async function podLogs(api: Api, pod: V1Pod, tailLines: number): Promise<string> {
  const { name = '', namespace = '' } = pod.metadata ?? {};
  const containers = pod.spec?.containers ?? [];
  const logs = containers.map(async ({ name: container }) => {
    const read = (previous: boolean) =>
      api.core.readNamespacedPodLog({ name, namespace, container, tailLines, previous }).catch(() => '');
    // A container that is started again says nothing yet.
    const text = (await read(false)) || (await read(true));
    return text === '' ? '' : `  --- ${name}/${container}\n${text.trimEnd()}`;
  });
  return (await Promise.all(logs)).filter((text) => text !== '').join('\n');
}

export async function podsOf(api: Api, { metadata }: Pick<Manifest, 'metadata'>): Promise<V1Pod[]> {
  const { items } = await api.core.listNamespacedPod({ namespace: metadata.namespace ?? '' });
  return items.filter(({ metadata: pod }) => {
    const owners = pod?.ownerReferences?.map(({ name }) => name) ?? [];
    // A Deployment's pods belong to a ReplicaSet of its name and a hash.
    return owners.some((owner) => owner === metadata.name || owner.replace(/-[a-z0-9]+$/, '') === metadata.name);
  });
}

export async function describeTrouble(api: Api, manifest: Pick<Manifest, 'metadata'>): Promise<string> {
  const namespace = manifest.metadata.namespace ?? 'default';
  const pods = await podsOf(api, manifest);
  const states = await Promise.all(
    pods.map(async (pod) => {
      const lines = pod.status?.containerStatuses?.map(stateOf) ?? [];
      return [`${pod.metadata?.name}: ${pod.status?.phase}`, ...lines, await podLogs(api, pod, 40)].join('\n');
    }),
  );
  const { items: events } = await api.core.listNamespacedEvent({ namespace });
  const warnings = events
    .filter(({ type, involvedObject }) => type === 'Warning' && involvedObject.name?.startsWith(manifest.metadata.name))
    .slice(-10)
    .map(
      ({ involvedObject, reason, message }) => `${involvedObject.kind} ${involvedObject.name}: ${reason} ${message}`,
    );
  return [...states, ...warnings].join('\n');
}
