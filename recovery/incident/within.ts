/** Nobody waits for a store or a channel longer than it is allowed to. */
import { DrError } from '../core/errors.ts';
import { withLimit } from '../core/wait/with-limit.ts';

/** Throws `NO-ANSWER` after the time; what was begun goes on by itself and its outcome is dropped. */
export function within<T>(seconds: number, where: string, work: Promise<T>): Promise<T> {
  return withLimit(
    work,
    seconds,
    () =>
      new DrError({
        code: 'NO-ANSWER',
        where,
        fact: `no answer within ${seconds} s`,
        hint: 'what could not be written there is written by the next command of `dr` about an incident that reaches it',
      }),
  );
}
