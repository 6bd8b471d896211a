/** What the engine reports of a run, as progress by tier and as a timeline. */
import type { Plan, TierId } from '../../plan/types.ts';
import type { Progress } from '../core/progress.ts';
import type { ResourceEvent } from '../pulumi/engine.ts';
import { checkedTier, tierOf } from '../pulumi/tiers.ts';
import type { RebuildTimelineEvent } from './types.ts';

export interface Watch {
  readonly onEvent: (event: ResourceEvent) => void;
  /** When the check of each tier was through. */
  readonly readyAt: ReadonlyMap<TierId, Date>;
  readonly timeline: readonly RebuildTimelineEvent[];
}

export interface WatchOptions {
  readonly plan: Plan;
  readonly progress: Progress;
  readonly now: () => Date;
  /** Of earlier runs. */
  readonly readyAt?: ReadonlyMap<TierId, Date>;
  readonly onReady?: (tier: TierId, at: Date) => void;
}

/** What somebody waits for; the hundreds of Secrets and rules between are counted only. */
const SHOWN = ['StatefulSet', 'Job'];

export function titleOf({ object, name }: Pick<ResourceEvent, 'object' | 'name'>): string {
  return object === undefined ? name : `${object.kind}/${object.name}`;
}

export function watchRun({ plan, progress, now, readyAt: before, onReady }: WatchOptions): Watch {
  const readyAt = new Map<TierId, Date>(before);
  const timeline: RebuildTimelineEvent[] = [];
  let laid = 0;
  const tell = (event: ResourceEvent, tier: TierId | undefined, failed: boolean): void => {
    const state = event.state;
    progress({
      step: `rebuild/${event.urn}`,
      title: titleOf(event),
      state,
      ...(tier === undefined ? {} : { tier }),
      ...(failed && event.message !== undefined ? { detail: event.message } : {}),
    });
  };
  const note = (event: string, tier: TierId | undefined, detail?: string): void => {
    timeline.push({
      at: now().toISOString(),
      event,
      ...(tier === undefined ? {} : { tier }),
      ...(detail === undefined ? {} : { detail }),
    });
  };
  return {
    readyAt,
    timeline,
    onEvent(event) {
      const tier = tierOf(event, plan);
      const checked = checkedTier(event);
      const failed = event.state === 'failed';
      // A check that is there from an earlier run has passed in that one.
      if (checked !== undefined && event.state === 'done' && event.op !== 'delete' && !readyAt.has(checked)) {
        const at = now();
        readyAt.set(checked, at);
        onReady?.(checked, at);
        note(`${checked} is back, checked`, checked);
      }
      if (event.op === 'same' || event.op === 'delete' || event.op === 'read') return;
      const shown = tier !== undefined || failed || SHOWN.includes(event.object?.kind ?? '');
      if (shown) tell(event, tier, failed);
      else if (event.state === 'done') {
        laid += 1;
        progress({
          step: 'rebuild/foundation',
          title: 'what comes before the tiers',
          state: 'progress',
          detail: `${laid} laid down`,
        });
      }
      if (shown && checked === undefined && event.state !== 'start') {
        note(`${titleOf(event)} ${failed ? 'failed' : 'is there'}`, tier, failed ? event.message : undefined);
      }
    },
  };
}
