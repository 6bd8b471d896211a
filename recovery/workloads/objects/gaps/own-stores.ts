/** The stack's own servers may be in a namespace that is not captured. The stack brings them itself, so nothing of them is missing. Pure. */
import { type Environment, isOnOtherHost } from '../../../config/environment.ts';
import type { Gap } from './gap.ts';

/** `postgres.go-coffee-dr-stores.svc` → `go-coffee-dr-stores`; undefined for a host that is no Service. */
const namespaceOf = (host: string | undefined): string | undefined =>
  /^[^.]+\.([^.]+)\.svc(\.|$)/.exec(host ?? '')?.[1];

export function withoutOwnStores(
  gaps: readonly Gap[],
  { kubernetes, postgres, redis }: Pick<Environment, 'kubernetes' | 'postgres' | 'redis'>,
): Gap[] {
  // Only a stack has its servers and `dr` in the cluster whose objects it captures.
  if (kubernetes?.inCluster !== true) return [...gaps];
  const own = [postgres, redis].flatMap((store) => (isOnOtherHost(store) ? (namespaceOf(store?.host) ?? []) : []));
  return gaps.filter(({ what }) => !own.some((namespace) => what.startsWith(`Service ${namespace}/`)));
}
