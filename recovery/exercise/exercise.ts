/** An exercise as it runs: what was told when, what the team did when, and what was missed. Pure. */
import { z } from 'zod';
import type { LogRecord } from '../incident/record.ts';
import type { Kit, Milestone } from './kit.ts';

const text = z.string().trim().min(1).max(500);

const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('exercise-started'), scenario: text, names: z.array(text) }),
  z.object({ type: z.literal('exercise-inject'), inject: z.int().min(1) }),
  z.object({ type: z.literal('exercise-milestone'), milestone: text, note: text.optional() }),
  z.object({ type: z.literal('exercise-finished'), note: text.optional() }),
]);
export type ExerciseEvent = z.infer<typeof eventSchema>;

export interface Exercise {
  readonly id: string;
  readonly scenario: string;
  readonly startedAt: Date;
  readonly by: string;
  readonly names: readonly string[];
  /** Number of the inject → when it was given. */
  readonly injects: ReadonlyMap<number, Date>;
  /** Milestone → when it was first reached. */
  readonly reached: ReadonlyMap<string, { readonly at: Date; readonly note?: string | undefined }>;
  readonly finishedAt?: Date;
}

/** Undefined for a log that is no exercise. Of two records of one milestone the earlier counts. */
export function exerciseOf(id: string, records: readonly LogRecord[]): Exercise | undefined {
  const known = records
    .flatMap(({ at, by, event }) => {
      const parsed = eventSchema.safeParse(event).data;
      return parsed === undefined ? [] : [{ at: new Date(at), by, event: parsed }];
    })
    .sort((a, b) => a.at.getTime() - b.at.getTime());
  const injects = new Map<number, Date>();
  const reached = new Map<string, { at: Date; note?: string | undefined }>();
  let begun: Pick<Exercise, 'scenario' | 'startedAt' | 'by' | 'names'> | undefined;
  let finishedAt: Date | undefined;
  for (const { at, by, event } of known) {
    if (event.type === 'exercise-started')
      begun ??= { scenario: event.scenario, startedAt: at, by, names: event.names };
    if (event.type === 'exercise-inject' && !injects.has(event.inject)) injects.set(event.inject, at);
    if (event.type === 'exercise-milestone' && !reached.has(event.milestone))
      reached.set(event.milestone, { at, note: event.note });
    if (event.type === 'exercise-finished') finishedAt ??= at;
  }
  return begun && { id, ...begun, injects, reached, ...(finishedAt === undefined ? {} : { finishedAt }) };
}

export interface ScoreRow extends Milestone {
  /** From the start; absent where nobody did it. */
  readonly seconds?: number;
  readonly note?: string | undefined;
  /** `open`: done, and the plan gives no time for it. */
  readonly result: 'in time' | 'late' | 'missed' | 'open';
}

export interface Score {
  readonly rows: readonly ScoreRow[];
  /** Injects that were never given. */
  readonly notGiven: readonly number[];
  readonly missed: readonly string[];
  /** What to do about it, a line each. */
  readonly followUps: readonly string[];
  readonly passed: boolean;
}

export function scoreOf(kit: Kit, exercise: Exercise): Score {
  const rows = kit.milestones.map((milestone): ScoreRow => {
    const found = exercise.reached.get(milestone.id);
    if (found === undefined) return { ...milestone, result: 'missed' };
    const seconds = Math.max(0, (found.at.getTime() - exercise.startedAt.getTime()) / 1000);
    const limit = milestone.withinSeconds;
    const result = limit === undefined ? 'open' : seconds <= limit ? 'in time' : 'late';
    return { ...milestone, seconds, note: found.note, result };
  });
  const notGiven = kit.script.injects.map((_, n) => n + 1).filter((n) => !exercise.injects.has(n));
  const wrong = rows.filter(({ result }) => result === 'missed' || result === 'late');
  const absent = kit.team
    .filter(({ primary, secondary }) => !exercise.names.some((name) => [primary, secondary].includes(name)))
    .map(({ role }) => role);
  return {
    rows,
    notGiven,
    missed: wrong.map(({ id, title, result }) => `${id}: ${title} (${result})`),
    followUps: [
      ...wrong.map(({ title, result }) =>
        result === 'late'
          ? `Practise until it is in time: ${title}`
          : `Say who does it, and write it into the runbook: ${title}`,
      ),
      ...absent.map((role) => `Nobody held the role ${role}: invite them to the next exercise`),
      ...notGiven.map((n) => `Inject ${n} was not played: ${kit.script.injects[n - 1]?.text ?? ''}`),
    ],
    // Validation is more than an exercise at a table has time for.
    passed: wrong.every(({ id }) => id.startsWith('validation-')),
  };
}
