/** Turns the engine's events into progress by tier and a timeline. */
import type { Plan, TierId } from '../../plan/types.ts';
import type { Progress } from '../core/progress.ts';
import type { ResourceEvent } from '../pulumi/engine.ts';
import { checkedTier, tierOf } from '../pulumi/tiers.ts';
import type { RebuildTimelineEvent } from './types.ts';

export interface Watch {
  readonly onEvent: (event: ResourceEvent) => void;
  /** When each tier's check passed. */
  readonly readyAt: ReadonlyMap<TierId, Date>;
  readonly timeline: readonly RebuildTimelineEvent[];
}

export interface WatchOptions {
  readonly plan: Plan;
  readonly progress: Progress;
  readonly now: () => Date;
  /** From earlier runs. */
  readonly readyAt?: ReadonlyMap<TierId, Date>;
  readonly onReady?: (tier: TierId, at: Date) => void;
}

/** Kinds outside the tiers that are reported one by one: they take minutes. Hundreds of others are only counted. */
const SHOWN = ['StatefulSet', 'Job'];

export function titleOf({ object, name }: Pick<ResourceEvent, 'object' | 'name'>): string {
  return object === undefined ? name : `${object.kind}/${object.name}`;
}

export function watchRun({ plan, progress, now, readyAt: before, onReady }: WatchOptions): Watch {
  const readyAt = new Map<TierId, Date>(before);
  const timeline: RebuildTimelineEvent[] = [];
  /** By URN. */
  const began = new Map<string, Date>();
  let made = 0;
  const report = (event: ResourceEvent, tier: TierId | undefined): void => {
    const { state, message } = event;
    progress({
      step: `rebuild/${event.urn}`,
      title: titleOf(event),
      state,
      ...(tier === undefined ? {} : { tier }),
      ...(state === 'failed' && message !== undefined ? { detail: message } : {}),
    });
  };
  const note = (event: string, tier: TierId | undefined, detail?: string, since?: Date): void => {
    timeline.push({
      at: now().toISOString(),
      ...(since === undefined ? {} : { beganAt: since.toISOString() }),
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
      // A check that exists from an earlier run has passed there.
      if (checked !== undefined && event.state === 'done' && event.op !== 'delete' && !readyAt.has(checked)) {
        const at = now();
        readyAt.set(checked, at);
        onReady?.(checked, at);
        note(`${checked} is back, checked`, checked);
      }
      if (event.state === 'start') began.set(event.urn, now());
      if (event.op === 'same' || event.op === 'delete' || event.op === 'read') return;
      const shown = tier !== undefined || failed || SHOWN.includes(event.object?.kind ?? '');
      if (shown) report(event, tier);
      else if (event.state === 'done') {
        made += 1;
        progress({
          step: 'rebuild/foundation',
          title: 'objects before the tiers',
          state: 'progress',
          detail: `${made} made`,
        });
      }
      if (shown && checked === undefined && event.state !== 'start') {
        note(
          `${titleOf(event)} ${failed ? 'failed' : 'is ready'}`,
          tier,
          failed ? event.message : undefined,
          began.get(event.urn),
        );
      }
    },
  };
}
