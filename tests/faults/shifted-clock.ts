/** A host whose clock is wrong: `Date` in the process of `dr` is shifted. The engines and the file systems keep the right time. */
import { pathToFileURL } from 'node:url';

const PRELOAD = pathToFileURL(`${import.meta.dirname}/shifted-clock-preload.mjs`).href;

/** For the environment of a `dr` process. */
export function shiftedClock(seconds: number): Record<string, string> {
  return { NODE_OPTIONS: `--import ${PRELOAD}`, DR_TEST_CLOCK_SHIFT: String(seconds) };
}
