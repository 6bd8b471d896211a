import type { KubernetesSettings } from '../config/environment.ts';
import type { Site } from '../config/site.ts';
import type { ClusterOptions } from './cluster.ts';
import type { ClusterLocation } from './location.ts';
import type { Cluster } from './objects.ts';

/** Opens the cluster that the environment file names. Throws `KUBECONFIG-…`, `CONTEXT-UNKNOWN` (exit 2); makes no connection. The caller closes it. */
export async function openConfiguredCluster(
  site: Site,
  settings: KubernetesSettings,
  signal?: AbortSignal,
  options: Pick<ClusterOptions, 'timeoutSeconds'> = {},
): Promise<Cluster> {
  // The client takes longer to load than many commands run, and a single host never needs it.
  const [{ openAccess }, { openCluster }] = await Promise.all([import('./access.ts'), import('./cluster.ts')]);
  const onRetry = (detail: string) => site.log.warn({ detail }, 'Kubernetes call retried');
  return openCluster(await openAccess(settings), { signal, onRetry, ...options });
}

/** Opens the cluster of a stack's config. Throws `KUBECONFIG-…`, `CONTEXT-UNKNOWN` (exit 2); makes no connection. The caller closes it. */
export async function openClusterAt(place: ClusterLocation, signal?: AbortSignal): Promise<Cluster> {
  const [{ openClusterAccess }, { openCluster }] = await Promise.all([import('./location.ts'), import('./cluster.ts')]);
  return openCluster(await openClusterAccess(place), { signal });
}
