/** The progress of long work as a tree: steps below their tiers. Pure; `progress.ts` draws it. */
import { formatDuration } from '../../plan/duration.ts';
import type { ProgressEvent } from '../core/progress.ts';
import { formatPercent } from './format.ts';
import { paceWords } from './pace.ts';
import type { Paint } from './paint.ts';

export interface Step {
  readonly title: string;
  readonly tier: string | undefined;
  readonly state: ProgressEvent['state'];
  readonly detail: string | undefined;
  readonly fraction: number | undefined;
  readonly bytes?: number | undefined;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
}

export type Steps = ReadonlyMap<string, Step>;

const ENDED: ReadonlySet<ProgressEvent['state']> = new Set(['done', 'failed', 'skipped']);

export function isEnded(step: Step): boolean {
  return ENDED.has(step.state);
}

/** The step after an event; a retried or restarted step keeps its first start. */
export function advance(before: Step | undefined, event: ProgressEvent, now: number): Step {
  return {
    title: event.title,
    tier: event.tier ?? before?.tier,
    state: event.state,
    detail: event.detail ?? (event.state === 'progress' ? before?.detail : undefined),
    fraction: event.fraction ?? (event.state === 'progress' ? before?.fraction : undefined),
    bytes: event.bytes ?? before?.bytes,
    startedAt: before?.startedAt ?? now,
    endedAt: ENDED.has(event.state) ? now : undefined,
  };
}

export interface TreeView {
  readonly paint: Paint;
  readonly now: number;
  /** The spinner's present character. */
  readonly spinner: string;
  /** Finished tiers shrink to one line when the tree is higher than this. */
  readonly rows: number;
}

export function renderTree(steps: Steps, view: TreeView): string {
  const tiers = Map.groupBy(steps.values(), (step) => step.tier);
  const height = steps.size + tiers.size;
  return [...tiers]
    .flatMap(([tier, members]) => {
      const over = members.every(isEnded);
      const body = over && height > view.rows ? [] : members.map((step) => stepLine(step, view));
      if (tier === undefined) return body;
      const failed = members.some((step) => step.state === 'failed');
      const head = `${symbol(failed ? 'failed' : over ? 'done' : 'start', view)} ${view.paint('bold', tier)}`;
      return [head, ...body.map((line) => `  ${line}`)];
    })
    .join('\n');
}

function stepLine(step: Step, view: TreeView): string {
  const took = ((step.endedAt ?? view.now) - step.startedAt) / 1000;
  const facts = [
    step.fraction !== undefined && !isEnded(step) ? formatPercent(step.fraction) : '',
    step.fraction !== undefined && !isEnded(step)
      ? paceWords({ fraction: step.fraction, seconds: took, bytes: step.bytes })
      : '',
    step.detail ?? '',
    step.state === 'skipped' ? 'skipped' : took >= 0.1 ? formatDuration(took) : '',
  ].filter((fact) => fact !== '');
  return `${symbol(step.state, view)} ${step.title}  ${view.paint('dim', facts.join(' · '))}`.trimEnd();
}

function symbol(state: ProgressEvent['state'], view: TreeView): string {
  if (state === 'done') return view.paint('green', '✔');
  if (state === 'failed') return view.paint('red', '✖');
  if (state === 'skipped') return view.paint('dim', '-');
  if (state === 'retry') return view.paint('yellow', '↻');
  return view.paint('cyan', view.spinner);
}
