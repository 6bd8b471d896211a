/** Exercises as signed logs beside the incidents: an exercise that is interrupted goes on from any host. */
import { randomBytes } from 'node:crypto';
import type { Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import { openRecords, type Records } from '../incident/records.ts';
import { timeStamp } from '../points/id.ts';
import { type Exercise, type ExerciseEvent, exerciseOf } from './exercise.ts';

const LOG = /^exercise-\d{8}T\d{6}Z-[0-9a-f]{4}$/;

export interface Exercises {
  /** Oldest first. */
  all(): Exercise[];
  /** The one that runs. Throws `EXERCISE-NONE` (exit 2). */
  running(): Exercise;
  start(event: Extract<ExerciseEvent, { type: 'exercise-started' }>, by: string, now: Date): Promise<string>;
  /** Throws `EXERCISE-TIME` (exit 2) for a time before its start, or ahead. */
  append(
    id: string,
    event: ExerciseEvent,
    when: { readonly by: string; readonly at?: Date; readonly now: Date },
  ): Promise<void>;
}

export async function openExercises(site: Site): Promise<Exercises> {
  const records = await openRecords(site);
  const all = (): Exercise[] =>
    records
      .names()
      .filter((name) => LOG.test(name))
      .flatMap((name) => exerciseOf(name, records.read(name).records) ?? [])
      .sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  const open = (): Exercise[] => all().filter(({ finishedAt }) => finishedAt === undefined);
  return {
    all,
    running() {
      const last = open().at(-1);
      if (last !== undefined) return last;
      throw badInput({
        code: 'EXERCISE-NONE',
        where: 'exercise',
        fact: 'no exercise runs',
        hint: 'begin one: dr exercise start --scenario complete-failure --by NAME --with NAME',
      });
    },
    async start(event, by, now) {
      const [running] = open();
      if (running !== undefined) {
        throw badInput({
          code: 'EXERCISE-RUNS',
          where: running.id,
          fact: `an exercise of ${running.scenario} runs since ${running.startedAt.toISOString()}`,
          hint: 'end it first: dr exercise finish --by NAME',
        });
      }
      const id = `exercise-${timeStamp(now)}-${randomBytes(2).toString('hex')}`;
      await write(records, id, event, { by, at: now, now });
      return id;
    },
    append: (id, event, { by, at, now }) => {
      refuseTime(
        all().find((each) => each.id === id),
        at ?? now,
        now,
      );
      return write(records, id, event, { by, at: at ?? now, now });
    },
  };
}

async function write(
  records: Records,
  log: string,
  event: ExerciseEvent,
  when: { readonly by: string; readonly at: Date; readonly now: Date },
): Promise<void> {
  await records.append({ log, event, ...when });
}

function refuseTime(exercise: Exercise | undefined, at: Date, now: Date): void {
  const begun = exercise?.startedAt ?? at;
  if (at >= begun && at <= now) return;
  throw badInput({
    code: 'EXERCISE-TIME',
    where: '--at',
    fact: `${at.toISOString()} is ${at > now ? 'in the future' : 'before the exercise began'}`,
    hint: `name a time from ${begun.toISOString()} until now`,
  });
}
