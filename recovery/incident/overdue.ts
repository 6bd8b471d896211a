/** What people owe in the incidents of an environment, at a moment. Exercises don't count. Pure. */
import type { Plan } from '../../plan/types.ts';
import { clocksOf } from './clocks.ts';
import type { Incident } from './incident.ts';

export interface Overdue {
  readonly open: number;
  /** Since when the most overdue one is due; 0 while none is. */
  readonly updateSeconds: number;
  readonly postMortemSeconds: number;
  readonly followUps: number;
}

export function overdueOf(incidents: readonly Incident[], plan: Plan, now: Date): Overdue {
  const real = incidents.filter(({ exercise }) => !exercise);
  const clocks = real.map((incident) => clocksOf(incident, plan, now));
  return {
    open: real.filter(({ resolvedAt }) => resolvedAt === undefined).length,
    updateSeconds: Math.max(0, ...clocks.map(({ update }) => update?.overdueSeconds ?? 0)),
    postMortemSeconds: Math.max(0, ...clocks.map(({ postMortem }) => postMortem?.overdueSeconds ?? 0)),
    followUps: clocks.flatMap(({ followUps }) => followUps.filter(({ overdueSeconds }) => overdueSeconds > 0)).length,
  };
}
