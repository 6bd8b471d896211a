/** Asks again until an answer is accepted or the time is up: the one loop that waits for another process or system. */
import { setTimeout as delay } from 'node:timers/promises';

export interface PollOptions {
  /** From the first question. The last one is asked when the time is up; 0 asks once. */
  readonly seconds: number;
  /** Between an answer and the next question. @default 2 */
  readonly everySeconds?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Polled<T> {
  /** The first answer that was accepted, or the last one. */
  readonly answer: T;
  readonly accepted: boolean;
}

/** Throws what `ask` throws, and AbortError when the signal is raised between two questions. */
export async function poll<T>(
  { seconds, everySeconds = 2, signal }: PollOptions,
  ask: () => Promise<T>,
  accept: (answer: T) => boolean,
): Promise<Polled<T>> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    const left = end - performance.now();
    if (accept(answer)) return { answer, accepted: true };
    if (left <= 0) return { answer, accepted: false };
    await delay(Math.min(everySeconds * 1000, left), undefined, signal === undefined ? {} : { signal });
  }
}
