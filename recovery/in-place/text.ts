/** A restore in place as text for a terminal. Pure. */
import { allNamespaces } from '../../plan/declared/namespaces.ts';
import { formatDuration } from '../../plan/duration.ts';
import { formatTime } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { InPlaceOutcome } from './outcome.ts';
import type { ClaimOf, InPlacePlan } from './types.ts';

const keptText = (claims: readonly ClaimOf[]): string =>
  claims.map(({ claim, volume }) => `${claim}: ${volume ?? 'never bound'}`).join(', ') || 'none';

export function planText(plan: InPlacePlan): string {
  const { stack, lineage, next, stores, target, repository, pin, namespaces, cluster } = plan;
  const set = pin.postgres === undefined ? '' : `set ${pin.postgres.set} of ${pin.postgres.lineage}`;
  const losses = plan.loss.map(({ workload, recoveredTo, seconds }) => [
    workload,
    formatTime(recoveredTo),
    formatDuration(Math.round(seconds)),
  ]);
  return [
    `restore ${stores.join(' and ')} of stack ${stack} in place, to ${target} from ${repository}: ${lineage} ends, ${next.lineage} begins`,
    `in ${allNamespaces(namespaces).join(' and ')} of ${cluster}; PostgreSQL from ${set}`,
    table(['data', 'comes back as of', 'what was written since is lost'], losses),
    'services stop from the last tier to the first, and start again when the data is checked, from the first to the last:',
    table(
      ['tier', '', 'workloads'],
      plan.tiers.map(({ tier, name, workloads }) => [tier, name, workloads.join(', ') || 'none']),
    ),
    `volumes that are kept (Retain, labelled with ${lineage}): ${keptText(plan.claims)}`,
    ...plan.followers.map((name) => `stack ${name} follows ${lineage}: it must be re-cloned afterwards`),
    ...plan.notes.map((note) => `note: ${note}`),
    `RTO clock: since ${formatTime(plan.declaredAt)}`,
  ].join('\n');
}

/** The text after the report: the verdict and the next step. */
export function endText({ plan, kept, woken, fullBackup, rebuilt }: InPlaceOutcome): string {
  const { stack, next, lineage } = plan;
  return [
    woken
      ? `ready: stack ${stack} runs as ${next.lineage}`
      : `NOT ready: ${next.lineage} is up, a check of its data did not pass, and its services are stopped; look at it, then choose another moment, or start them with --keep-going`,
    `kept of ${lineage}: ${keptText(kept)}`,
    `first full backup of ${next.lineage}: ${fullBackup}`,
    ...plan.followers.map((name) => `next: dr failback --stack ${name} --of ${stack} --phase reseed --delete-claims`),
    ...(rebuilt.resumed ? ['resumed an interrupted run'] : []),
  ].join('\n');
}
