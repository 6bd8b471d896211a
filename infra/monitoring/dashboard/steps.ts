/** Colours of a panel by its value. */
import type { Step } from './panels.ts';

export const above = (limit: number): Step[] => [
  { color: 'green', value: null },
  { color: 'red', value: limit },
];

export const between = (warning: number, critical: number): Step[] => [
  { color: 'green', value: null },
  { color: 'yellow', value: warning },
  { color: 'red', value: critical },
];

export const YES: readonly Step[] = [
  { color: 'red', value: null },
  { color: 'green', value: 1 },
];

export const NO: readonly Step[] = above(1);
