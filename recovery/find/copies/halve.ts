/** Between a copy for which a check is true and a later one for which it is not: the two neighbours between which that changed. Pure. */
import type { Answer } from '../check/ask.ts';

export interface Neighbours {
  /** Index of the last copy that is known to be good, and of the first one that is not. */
  readonly good: number;
  readonly bad: number;
}

/** Not true for the first, or true for the last: there is nothing between them to be found. */
export type Ends = Neighbours | 'wrong early' | 'right late';

/** Asks as few as possible: the first, the last, and half of what is left each time. */
export async function halve(copies: number, ask: (index: number) => Promise<Answer>): Promise<Ends> {
  let [good, bad] = [0, copies - 1];
  if (!(await ask(good)).good) return 'wrong early';
  if (bad === good || (await ask(bad)).good) return 'right late';
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if ((await ask(middle)).good) good = middle;
    else bad = middle;
  }
  return { good, bad };
}
