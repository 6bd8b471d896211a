/** What leaving this program takes away, what stays, and how to do it. Nothing here does it: every step is for a person. */
import type { Unanswered } from '../found.ts';

export interface Thing {
  /** `schedule`, `archive settings`, `NetworkPolicy` */
  readonly what: string;
  readonly where: string;
  /** Why it goes, or why it stays. */
  readonly why: string;
}

export interface Step {
  /** Lines for a shell. */
  readonly commands: readonly string[];
  readonly why: string;
}

export interface Leaving {
  /** `host fra1 (/etc/go-coffee-dr/dr.yaml)`, `stack production` */
  readonly from: string;
  readonly goes: readonly Thing[];
  readonly stays: readonly Thing[];
  /** In the order in which to do them. */
  readonly steps: readonly Step[];
  /** How to read a copy afterwards, without this program: lines for docs/without-this-program.md. */
  readonly reading: readonly string[];
  /** What could not be asked: there may be more to take away. */
  readonly unanswered: readonly Unanswered[];
}

export const WITHOUT = 'docs/without-this-program.md';
