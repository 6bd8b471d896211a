/** What guards the platform's namespaces: their pod security level, and whether a policy denies by default. */
import type { Site } from '../../config/site.ts';
import { deniesAll } from '../../kubernetes/denial.ts';
import type { Cluster } from '../../kubernetes/objects.ts';
import { SERVED } from '../../kubernetes/served-types.ts';
import { ask, type Silent } from './cluster.ts';

export interface NamespaceGuard {
  readonly namespace: string;
  /** That is enforced. */
  readonly level: string | undefined;
  readonly denies: boolean;
}

async function guardOf(cluster: Cluster, namespace: string): Promise<NamespaceGuard[]> {
  const found = await cluster.get(SERVED.namespace, namespace);
  // That it is missing is another check's to say.
  if (found === undefined) return [];
  const policies = await cluster.list(SERVED.networkPolicy, namespace);
  const level = found.metadata.labels?.['pod-security.kubernetes.io/enforce'];
  return [{ namespace, level, denies: policies.some(deniesAll) }];
}

/** Undefined where the environment names no cluster. */
export function readGuards(
  site: Site,
  signal?: AbortSignal,
): Promise<Silent | { readonly kind: 'read'; readonly guards: readonly NamespaceGuard[] } | undefined> {
  return ask(site, signal, async (cluster, names) => ({
    kind: 'read',
    guards: (await Promise.all(names.map((name) => guardOf(cluster, name)))).flat(),
  }));
}
