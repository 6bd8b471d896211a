/** Repositories that take no part, as checks that neither pass nor fail: somebody has said so, and it must not be forgotten. */
import { detachedFact, detachments, wayBack } from '../../config/detached.ts';
import type { Site } from '../../config/site.ts';
import type { HealthCheck } from '../../workloads/workload.ts';

export function checkDetached(site: Site): HealthCheck[] {
  return [...detachments(site)].map(([id, detachment]) => ({
    id: `detached/${id}`,
    title: `Repository ${id} takes part`,
    ok: undefined,
    fact: `${detachedFact(detachment)}; to take it back: ${wayBack(id, detachment)}`,
  }));
}
