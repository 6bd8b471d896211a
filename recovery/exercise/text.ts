/** The kit as a page, and the report of an exercise as text. */
import { Eta } from 'eta';
import { formatDuration } from '../../plan/duration.ts';
import { formatTime } from '../report/format.ts';
import type { Paint } from '../report/paint.ts';
import { table } from '../report/table.ts';
import type { Exercise, Score } from './exercise.ts';
import type { FlowResult } from './flows.ts';
import type { Kit } from './kit.ts';

const eta = new Eta({ views: import.meta.dirname, autoEscape: true, cache: true });

export function kitPage(kit: Kit): string {
  return eta.render('./kit', { kit, formatDuration });
}

export function scoreText(kit: Kit, exercise: Exercise, score: Score): string {
  const rows = score.rows.map(({ id, title, seconds, withinSeconds, result, note }) => [
    id,
    title,
    seconds === undefined ? '' : formatDuration(seconds),
    withinSeconds === undefined ? '' : `≤ ${formatDuration(withinSeconds)}`,
    result,
    note ?? '',
  ]);
  return [
    `${kit.title}, since ${formatTime(exercise.startedAt)}; present: ${exercise.names.join(', ') || 'nobody named'}`,
    table(['', 'what', 'after', 'limit', '', 'note'], rows),
    ...(score.followUps.length === 0 ? [] : ['', 'follow-ups:', ...score.followUps.map((line) => `- ${line}`)]),
  ].join('\n');
}

const FLOW_COLOUR = { works: 'green', broken: 'red', unknown: 'yellow' } as const;

/** Each flow with what failed in it, and what people do by hand until it works. */
export function flowsText(results: readonly FlowResult[], paint: Paint): string {
  return results
    .flatMap(({ title, state, checks, byHand, owner }) => [
      `${paint(FLOW_COLOUR[state], state.toUpperCase())}  ${title}`,
      ...checks
        .filter(({ ok }) => ok !== true)
        .map(({ title: check, ok, fact }) => `    ${ok === false ? 'failed' : 'not tried'}: ${check}: ${fact}`),
      ...(state === 'works' ? [] : [`    by hand: ${byHand} (${owner})`]),
    ])
    .join('\n');
}

/** What the facilitator says next; undefined where all was said. */
export function nextInject(kit: Kit, exercise: Exercise): string | undefined {
  const n = kit.script.injects.findIndex((_, index) => !exercise.injects.has(index + 1));
  const inject = kit.script.injects[n];
  return inject && `next: inject ${n + 1} after ${inject.atMinutes} min: dr exercise inject ${n + 1}`;
}
