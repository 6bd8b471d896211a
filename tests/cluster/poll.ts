import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MS = 500;

/** Asks until `enough` or the time is over; gives the last answer either way. */
export async function poll<T>(seconds: number, ask: () => Promise<T>, enough: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (enough(answer) || Date.now() > deadline) return answer;
    await delay(INTERVAL_MS);
  }
}
