/** Says what holds a site's pods up while a failover or a failback waits for them. */
import { allNamespaces } from '../../plan/declared/namespaces.ts';
import { silentLog } from '../core/log.ts';
import type { TroubleWatch } from '../kubernetes/troubles/watch.ts';
import type { FailoverPorts } from './ports.ts';
import type { SiteStack } from './stack.ts';

/** Undefined where nothing can be read. */
export function waitsOf(
  { openPods, progress, log = silentLog, now }: FailoverPorts,
  { cluster, outputs }: SiteStack,
): TroubleWatch | undefined {
  if (openPods === undefined) return undefined;
  const namespaces = allNamespaces(outputs.namespaces);
  return { open: () => openPods(cluster), namespaces, since: now(), progress, log };
}
