/** The clocks of an incident: since the declaration, what is left of each tier's RTO, and when people must hear something. Pure. */
import { seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import type { FollowUp, Incident } from './incident.ts';

export interface TierClock {
  readonly tier: string;
  readonly objectiveSeconds: number;
  /** Negative when the objective is missed. Of a tier that is back: what was left then. */
  readonly leftSeconds: number;
  /** Seconds from the declaration to the verified tier; absent while it is not back. */
  readonly backAfterSeconds?: number;
}

export interface Due {
  readonly at: Date;
  /** 0 while it is not. */
  readonly overdueSeconds: number;
}

export interface Clocks {
  /** Until it was resolved, or until now. */
  readonly sinceDeclaredSeconds: number;
  readonly tiers: readonly TierClock[];
  /** Absent once the incident is resolved, and where the plan wants no updates. */
  readonly update?: Due;
  /** From the resolution until the post-mortem is written. */
  readonly postMortem?: Due;
  readonly followUps: readonly (FollowUp & { readonly overdueSeconds: number })[];
}

function dueAt(at: Date, now: Date): Due {
  return { at, overdueSeconds: Math.max(0, (now.getTime() - at.getTime()) / 1000) };
}

const after = (iso: string, delay: number): Date => new Date(Date.parse(iso) + delay * 1000);

/** How often the plan's first message promises an update. */
export function updateInterval({ templates }: Pick<Plan, 'templates'>): number | undefined {
  const every = templates.find(({ id }) => id === 'initial')?.updateEvery;
  return every === undefined ? undefined : seconds(every);
}

export function clocksOf(incident: Incident, plan: Plan, now: Date): Clocks {
  const { declaredAt, resolvedAt, lastMessageAt, postMortem, followUps } = incident;
  const end = resolvedAt === undefined ? now.getTime() : Date.parse(resolvedAt);
  const elapsed = Math.max(0, (end - Date.parse(declaredAt)) / 1000);
  const every = updateInterval(plan);
  const within = plan.templates.find(({ id }) => id === 'resolved')?.dueWithin;
  const written = postMortem !== undefined;
  return {
    sinceDeclaredSeconds: elapsed,
    tiers: plan.tiers.map(({ id, rto }) => {
      const objectiveSeconds = seconds(rto);
      const back = backAfter(incident, id);
      const leftSeconds = objectiveSeconds - (back ?? elapsed);
      return { tier: id, objectiveSeconds, leftSeconds, ...(back === undefined ? {} : { backAfterSeconds: back }) };
    }),
    ...(resolvedAt !== undefined || every === undefined ? {} : { update: dueAt(after(lastMessageAt, every), now) }),
    ...(resolvedAt === undefined || within === undefined || written
      ? {}
      : { postMortem: dueAt(after(resolvedAt, seconds(within)), now) }),
    followUps: followUps.map((each) => ({
      ...each,
      overdueSeconds: each.done === undefined ? dueAt(new Date(each.dueAt), now).overdueSeconds : 0,
    })),
  };
}

/** The last command that brought it back counts: an earlier try may have been undone. Undefined while none did. */
function backAfter(
  { commands, declaredAt }: Pick<Incident, 'commands' | 'declaredAt'>,
  tier: string,
): number | undefined {
  const last = commands.flatMap(({ tiers }) => tiers.filter((each) => each.tier === tier)).at(-1);
  return last && Math.max(0, (Date.parse(last.at) - Date.parse(declaredAt)) / 1000);
}
