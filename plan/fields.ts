/** The smallest pieces of a plan: each refuses what it can't be, quoting it. */
import { z } from 'zod';
import { DURATION_PATTERN, type Duration, durationProblem } from './duration.ts';

function quoted(input: unknown): string {
  return input === undefined ? 'is missing' : `${JSON.stringify(input)}`;
}

/** `4h`, `15m`, `30d`. Never a bare number. */
export const durationSchema = z
  .string({
    error: ({ input }) => (input === undefined ? 'is missing' : (durationProblem(input) ?? 'is not a duration')),
  })
  .regex(DURATION_PATTERN, { error: ({ input }) => durationProblem(input) ?? 'is not a duration' })
  // Only the type is narrowed: the pattern has checked the text, and a JSON schema can still be made of it.
  .describe('A number and a unit: s, m, h, d, w or y (365 days)') as unknown as z.ZodType<Duration, Duration>;

/** A name that becomes part of paths and object keys. */
export const idSchema = z
  .string({ error: ({ input }) => (input === undefined ? 'is missing' : `${quoted(input)} is not a name; write text`) })
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
    error: ({ input }) =>
      `${quoted(input)} is not a name; write 1 to 63 of a-z, 0-9 and "-", beginning and ending with a letter or digit`,
  });

/** An id, or a selector of several workloads: `tier:P1`, `group:database`, `type:files`, `class:configuration`, `all`. */
export const selectorSchema = z
  .string({
    error: ({ input }) => (input === undefined ? 'is missing' : `${quoted(input)} is not a selector; write text`),
  })
  .regex(/^([a-z]+:)?[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/, {
    error: ({ input }) =>
      `${quoted(input)} is neither a workload nor a selector; write an id, tier:P1, group:database, type:files, class:configuration or all`,
  });

/** One line of text for people. */
export const lineSchema = z
  .string({
    error: ({ input }) => (input === undefined ? 'is missing' : `${quoted(input)} is not a text; put it in quotes`),
  })
  .regex(/^[^\r\n]+$/, { error: ({ input }) => `${quoted(input)} is not one line of text; leave out line breaks` });

/** Text of several lines, kept as it is. */
export const textSchema = z.string().min(1, { error: 'the text is empty; write it' });

/** Five fields, UTC. `checkCrons` in checks/schedules.ts says whether it is a cron expression. */
export const cronSchema = lineSchema.describe('Five fields of cron, in UTC');
