/** The value of a flag that is a duration. */
import { type Duration, durationProblem, seconds } from '../plan/duration.ts';
import { badInput } from '../recovery/core/errors.ts';

/** Seconds. Throws `code` (exit 2) for text that is not a duration, such as `5` without a unit. */
export function readSeconds(text: string, flag: { readonly name: string; readonly code: string }): number {
  if (isDuration(text)) return seconds(text);
  const [fact = text] = durationProblem(text)?.split('; ') ?? [];
  throw badInput({
    code: flag.code,
    where: flag.name,
    fact,
    hint: 'write a number and a unit, as in "60s" or "5m"',
  });
}

function isDuration(text: string): text is Duration {
  return durationProblem(text) === undefined;
}
