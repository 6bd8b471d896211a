/** Nobody waits for a store or a channel longer than it is allowed to. */
import { DrError } from '../core/errors.ts';

/** Throws `NO-ANSWER` after the time; what was begun goes on by itself and its outcome is dropped. */
export async function within<T>(seconds: number, where: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new DrError({
          code: 'NO-ANSWER',
          where,
          fact: `no answer within ${seconds} s`,
          hint: 'what could not be written there is written by the next `dr incident` command that reaches it',
        }),
      );
    }, seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
