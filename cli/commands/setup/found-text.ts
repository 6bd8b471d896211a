/** Lines that every look at what runs ends with: what is covered, and what was not answered. */
import type { Unanswered } from '../../../recovery/setup/found.ts';

export function unansweredLines(unanswered: readonly Unanswered[]): string[] {
  return unanswered.flatMap(({ about, why, hint }) => [`not answered: ${about}: ${why}`, `  hint: ${hint}`]);
}

export function coverageLines(workloads: readonly { readonly id: string; readonly covered: boolean }[]): string[] {
  const bare = workloads.filter(({ covered }) => !covered).map(({ id }) => id);
  return [
    `${workloads.length - bare.length} of ${workloads.length} workloads of the plan have something behind them`,
    ...(bare.length === 0 ? [] : [`nothing behind: ${bare.join(', ')}`]),
  ];
}
