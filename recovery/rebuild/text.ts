/** What a rebuild will do, and what came of it, for people. Pure. */
import { formatDuration } from '../../plan/duration.ts';
import { formatTime, plural } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { RebuildOutcome, RebuildPlan } from './types.ts';

function shortList(names: readonly string[], most = 8): string {
  if (names.length === 0) return 'nothing that was captured';
  const more = names.length - most;
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function beginsFrom({ pin }: RebuildPlan): string {
  const { point, set, lineage, end } = pin.postgres;
  const replay =
    end.kind === 'time'
      ? `replayed to ${formatTime(end.time)}`
      : end.kind === 'immediate'
        ? 'to the end of the set'
        : 'with all archived WAL';
  return `PostgreSQL from set ${set} of ${lineage} (${point}), ${replay}`;
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
    `rebuild ${target} of ${repository} as stack ${stack}${isNew ? ', which is made' : ', which goes on'}: ${site}-${generation}`,
    `in ${Object.values(namespaces).join(' and ')} of ${context}; ${beginsFrom(plan)}`,
    `first ${plural(plan.foundation, 'object')} that all tiers need, then tier by tier, each after the check of the one before:`,
    table(['tier', '', 'what comes'], rows),
    table(['data', 'back to', 'before the disaster'], losses),
    ...plan.leftOut.map((line) => `left out: ${line}`),
    ...plan.notes.map((note) => `note: ${note}`),
    `clock: since ${formatTime(plan.declaredAt)}`,
  ].join('\n');
}

/** After the report: what a person types next. */
export function endText(outcome: RebuildOutcome, journal: string): string {
  const { plan, failure, setAside, resumed } = outcome;
  const aside = setAside.map(({ object, reason }) => `set aside: ${object}: ${reason}`);
  const verdict =
    failure !== undefined
      ? [`NOT ready: ${failure.message}`, `hint: ${failure.hint}`]
      : setAside.length > 0
        ? [
            `PARTIAL: stack ${plan.stack} is up without ${plural(setAside.length, 'object')}; mend them, take them out of recovery.exclude, and pulumi up`,
          ]
        : [`ready: stack ${plan.stack} is up from ${plan.target} of ${plan.repository}`];
  return [
    ...aside,
    ...verdict,
    ...(resumed ? [`it went on where an interrupted run had stopped (${journal})`] : []),
  ].join('\n');
}
