/** Before anything changes: what of the lost stack is taken over, and what would stop the `up`. */
import { DrError, precondition } from '../../core/errors.ts';
import type { ResourceEvent } from '../../pulumi/engine.ts';
import type { RebuildPlan, RebuildPorts } from '../types.ts';
import type { InTheWay, Leftovers } from './decide.ts';
import { readLeftovers } from './read.ts';

const SHOWN = 30;

function objectsInTheWay({ stack, context }: RebuildPlan, inTheWay: readonly InTheWay[]): DrError {
  const lines = inTheWay.slice(0, SHOWN).map(({ name, reason }) => `${name}: ${reason}`);
  const more = inTheWay.length > SHOWN ? [`and ${inTheWay.length - SHOWN} more`] : [];
  return precondition({
    code: 'OBJECTS-IN-THE-WAY',
    where: `stack ${stack} in ${context}`,
    fact: `these exist already, and a rebuild overwrites nothing that is not the lost stack’s:\n${[...lines, ...more].join('\n')}`,
    hint: 'rebuild into namespaces of its own (--set namespaces.platform=… --set namespaces.recovery=…), --exclude Kind/name, or remove them',
  });
}

export interface Foreseen {
  readonly plan: RebuildPlan;
  readonly events: readonly ResourceEvent[];
  readonly environment: string;
  readonly openTarget: NonNullable<RebuildPorts['openTarget']>;
  readonly place: Parameters<NonNullable<RebuildPorts['openTarget']>>[0];
}

/**
 * Throws `OBJECTS-IN-THE-WAY` (exit 6) and `KUBERNETES-…`.
 * @returns the plan with what is taken over
 */
export async function foresee({ plan, events, environment, openTarget, place }: Foreseen): Promise<RebuildPlan> {
  await using cluster = await openTarget(place);
  const { takenOver, inTheWay }: Leftovers = await readLeftovers(cluster, plan, { environment }, events);
  if (inTheWay.length > 0) throw objectsInTheWay(plan, inTheWay);
  return takenOver.length === 0 ? plan : { ...plan, takesOver: takenOver };
}

/** For a dry run, which may come before the cluster: what can't be asked is a note. */
export async function foreseeIfReachable(foreseen: Foreseen): Promise<RebuildPlan> {
  try {
    return await foresee(foreseen);
  } catch (error) {
    if (!(error instanceof DrError) || !/^KUBE|^CONTEXT-/.test(error.code)) throw error;
    const note = `what exists in the cluster already is unknown: ${error.fact}`;
    return { ...foreseen.plan, notes: [...foreseen.plan.notes, note] };
  }
}
