/** An answer within a limit. What was begun goes on by itself after that, and its outcome is dropped. */

export const LATE: unique symbol = Symbol('late');

/** `LATE` after the time. Throws what `work` throws until then. */
export async function answerWithin<T>(work: Promise<T>, seconds: number): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), seconds * 1000);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws what `late` gives after the time. */
export async function withLimit<T>(work: Promise<T>, seconds: number, late: () => Error): Promise<T> {
  const answer = await answerWithin(work, seconds);
  if (answer === LATE) throw late();
  return answer;
}
