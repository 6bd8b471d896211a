/** One part of the file, and what came up while it was made. */
import { type Part, remark } from '../document.ts';
import type { Unanswered } from '../found.ts';

export interface ProposedPart {
  readonly part: Part;
  readonly unanswered?: readonly Unanswered[];
  /** What a person should know or do next, a line each. */
  readonly notes?: readonly string[];
}

/** Stands in the file where the value would. */
export function openRemark(key: string, { why, hint }: Unanswered): Part {
  return remark(`NOT ANSWERED: ${key}: ${why}`, `  to answer it: ${hint}; then run \`dr setup\` again`);
}
