/** The plan and the outcome of a rebuild as text. Pure. */

import { allNamespaces } from '../../plan/declared/namespaces.ts';
import { formatDuration } from '../../plan/duration.ts';
import { formatTime, plural } from '../report/format.ts';
import { table } from '../report/table.ts';
import { emptyTiers } from './outcome.ts';
import type { RebuildOutcome, RebuildPlan } from './types.ts';

function shortList(names: readonly string[], most = 8): string {
  if (names.length === 0) return 'nothing of it is captured';
  const more = names.length - most;
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function beginsFrom({ pin }: RebuildPlan): string {
  if (pin.postgres === undefined) return `PostgreSQL from the dumps of ${pin.dump?.capturedAt} (${pin.dump?.point})`;
  const { point, set, lineage, end } = pin.postgres;
  const replay =
    end.kind === 'time'
      ? `replayed to ${formatTime(end.time)}`
      : end.kind === 'immediate'
        ? 'to the end of the backup set'
        : 'with all archived WAL';
  return `PostgreSQL from backup set ${set} of ${lineage} (${point}), ${replay}`;
}

export function planText(plan: RebuildPlan): string {
  const { stack, isNew, site, generation, context, namespaces, target, repository } = plan;
  const rows = plan.tiers.map(({ tier, name, objects }) => [tier, name, shortList(objects)]);
  const losses = plan.loss.map(({ workload, recoveredTo, seconds }) => [
    workload,
    formatTime(recoveredTo),
    formatDuration(Math.round(seconds)),
  ]);
  return [
    `rebuild ${target} of ${repository} as stack ${stack}${isNew ? ' (new)' : ' (resumed)'}: ${site}-${generation}`,
    `in ${allNamespaces(namespaces).join(' and ')} of ${context}; ${beginsFrom(plan)}`,
    `first ${plural(plan.foundation, 'object')} that all tiers need; then tier by tier, each after the previous tier’s check:`,
    table(['tier', '', 'objects'], rows),
    table(['data', 'recovered to', 'before the disaster'], losses),
    ...(plan.takesOver ?? []).map((name) => `taken over, left of the lost stack: ${name}`),
    ...plan.leftOut.map((line) => `excluded: ${line}`),
    ...plan.notes.map((note) => `note: ${note}`),
    `RTO clock: since ${formatTime(plan.declaredAt)}`,
  ].join('\n');
}

/** The text after the report: the verdict and the next step. */
export function endText(outcome: RebuildOutcome, journal: string): string {
  const { plan, failure, setAside, resumed } = outcome;
  const skipped = setAside.map(({ object, reason }) => `skipped: ${object}: ${reason}`);
  const empty = emptyTiers(outcome);
  const verdict =
    failure !== undefined
      ? [`NOT ready: ${failure.message}`, `hint: ${failure.hint}`]
      : setAside.length > 0
        ? [
            `PARTIAL: stack ${plan.stack} is up without ${plural(setAside.length, 'object')}; fix them, remove them from recovery.exclude, and run: pulumi up --stack ${plan.stack}`,
          ]
        : empty.length > 0
          ? [
              `PARTIAL: stack ${plan.stack} is up from ${plan.target} of ${plan.repository}, without ${plural(empty.length, 'tier')} of the plan`,
            ]
          : [`ready: stack ${plan.stack} is up from ${plan.target} of ${plan.repository}`];
  return [...skipped, ...empty, ...verdict, ...(resumed ? [`resumed an interrupted run (${journal})`] : [])].join('\n');
}
