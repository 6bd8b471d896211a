/** Which tier a resource of a recovered platform belongs to, and which resource completes a tier. Pure. */
import { OWN_LABEL } from '../../plan/layout.ts';
import { JOB_KINDS, lastTier, matchJob, matchService } from '../../plan/service-match.ts';
import { type Plan, TIERS, type TierId } from '../../plan/types.ts';
import type { ResourceEvent } from './engine.ts';

/** Name of the Job that runs `dr health --tier`, in the cluster and in the program. Later tiers wait for it. */
function tierCheckName(tier: TierId): string {
  return `recovery-check-${tier.toLowerCase()}`;
}

/** Kinds that run a service. */
const RUNS = ['CronJob', 'DaemonSet', 'Deployment', 'Job', 'StatefulSet'];

/** The tier whose check this is. */
export function checkedTier({ name, object }: Pick<ResourceEvent, 'name' | 'object'>): TierId | undefined {
  if (object !== undefined && object.kind !== 'Job') return undefined;
  return TIERS.find((tier) => name.endsWith(tierCheckName(tier)) || object?.name === tierCheckName(tier));
}

/** Whether the stack declares it itself; otherwise it is a captured object. */
export function isOwn({ object }: Pick<ResourceEvent, 'object'>): boolean {
  return object === undefined || object.labels[OWN_LABEL] !== undefined;
}

/** Undefined for what comes before all tiers, and for anything but a Kubernetes object. */
export function tierOf(event: Pick<ResourceEvent, 'name' | 'object'>, plan: Pick<Plan, 'tiers'>): TierId | undefined {
  const checked = checkedTier(event);
  if (checked !== undefined) return checked;
  const { object } = event;
  if (object === undefined || isOwn(event) || !RUNS.includes(object.kind)) return undefined;
  // As the program places it.
  const match = JOB_KINDS.includes(object.kind) ? matchJob(plan, object) : matchService(plan, object);
  return match?.tier ?? lastTier(plan);
}
