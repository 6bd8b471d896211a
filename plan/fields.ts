/** The scalar fields of a plan. Each error quotes the value that was refused. */
import { z } from 'zod';
import { DURATION_PATTERN, type Duration, durationProblem } from './duration.ts';

/** For an error of a schema. */
export function quoted(input: unknown): string {
  return input === undefined ? 'is missing' : JSON.stringify(input);
}

const durationText: z.ZodType<string, string> = z
  .string({
    error: ({ input }) => (input === undefined ? 'is missing' : (durationProblem(input) ?? 'is not a duration')),
  })
  .regex(DURATION_PATTERN, { error: ({ input }) => durationProblem(input) ?? 'is not a duration' })
  .describe('A number and a unit: s, m, h, d, w or y (365 days)');

/** `4h`, `15m`, `30d`; a bare number is refused. The pattern checks the text, so only the type is narrowed here. */
export const durationSchema = durationText as z.ZodType<Duration, Duration>;

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
    error: ({ input }) => (input === undefined ? 'is missing' : `${quoted(input)} is not text; put it in quotes`),
  })
  .regex(/^[^\r\n]+$/, {
    error: ({ input }) =>
      input === ''
        ? `${quoted(input)} is empty; write one line of text`
        : `${quoted(input)} is not a single line of text; remove the line breaks`,
  });

/** Text of several lines, kept verbatim. */
export const textSchema = z.string().min(1, { error: 'the text is empty; write it' });

/** Five fields, in UTC. `checkCrons` (checks/schedules.ts) tells whether the expression is valid, and names the wrong field. */
export const cronSchema = lineSchema.describe('Five fields of cron, in UTC');

/** A position in the WAL as PostgreSQL prints it: `0/5000060`. */
export const lsnSchema = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/, {
  error: ({ input }) => `${quoted(input)} is not a WAL position; write it as PostgreSQL prints it, e.g. 0/5000060`,
});
