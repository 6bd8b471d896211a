/** A prune as text: what goes, and what stays although it is old. */
import { formatDuration, seconds } from '../../plan/duration.ts';
import { formatTime, plural } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { KeepReason, PointDecision } from './decide.ts';
import type { PruneOutcome, RepositoryPlan } from './types.ts';

const REASONS: Record<KeepReason, string> = {
  young: 'younger than the retention',
  held: 'marked hold',
  leased: 'a restore reads it',
  verified: 'the last verified point: never removed',
  newest: 'the newest complete point, or the newest copy of a workload',
  base: 'a restore to the oldest moments of the retention uses it',
  chain: 'a remaining set is built on its set',
  supplier: 'holds copies that a remaining point lacks',
  warns: 'marked compromised, and a remaining point’s WAL leads into it',
  untrusted: 'its signature is bad or can’t be verified',
};

function reasonText({ keep }: PointDecision): string {
  return keep
    .filter((reason) => reason !== 'young')
    .map((reason) => REASONS[reason])
    .join('; ');
}

function dataText(plan: RepositoryPlan): string {
  if (plan.copies !== undefined) return plural(plan.copies.length, 'off-site copy', 'off-site copies');
  const sets = plan.lineages.reduce((sum, { sets }) => sum + sets.length, 0);
  const whole = plan.lineages.filter((lineage) => lineage.whole).map(({ lineage }) => lineage);
  const lineages = whole.length === 0 ? '' : `, the whole lineage ${whole.join(', ')}`;
  return `${plural(plan.snapshots.length, 'snapshot')}, ${plural(sets, 'PostgreSQL set')}${lineages}`;
}

interface TextOptions {
  readonly dryRun: boolean;
}

function planText(plan: RepositoryPlan, { dryRun }: TextOptions): string {
  const retention = formatDuration(seconds(plan.retention));
  const removed = plan.points.filter(({ id }) => plan.remove.includes(id));
  const kept = plan.points.filter(({ keep }) => keep.length > 0 && !keep.includes('young'));
  const rows = [
    ...removed.map(({ id, endedAt }) => [dryRun ? 'would go' : 'removed', id, formatTime(endedAt), '']),
    ...kept.map((point) => ['kept', point.id, formatTime(point.endedAt), reasonText(point)]),
  ];
  const head = `${plan.repository}: retention ${retention}, ${plural(plan.points.length, 'point')}, ${plural(removed.length, 'point')} ${dryRun ? 'would go' : 'removed'}, with ${dataText(plan)}`;
  const parts = rows.length === 0 ? [] : [table(['', 'point', 'ended', 'why'], rows)];
  return [head, ...parts, ...plan.warnings.map((warning) => `note: ${warning}`)].join('\n');
}

/** What the user must confirm, a line for each repository. */
export function confirmationLines(plans: readonly RepositoryPlan[]): string[] {
  return plans.filter(({ remove }) => remove.length > 0).map((plan) => planText(plan, { dryRun: true }));
}

export function pruneText(outcomes: readonly PruneOutcome[], options: TextOptions): string {
  const parts = outcomes.map(({ repository, plan, error }) =>
    plan === undefined
      ? `${repository}: not pruned: ${error?.message}\n  hint: ${error?.hint}`
      : planText(plan, options),
  );
  return parts.join('\n\n');
}
