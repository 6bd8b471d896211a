import { formatDuration } from '../../plan/duration.ts';
import { formatBytes, formatExactTime, formatTime } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { RestoreItem, RestorePlan } from '../workloads/restore-plan.ts';
import type { RestoreOutcome } from './run.ts';

/** What a person must agree to: everything that is overwritten. */
export function overwritten(plan: RestorePlan): string[] {
  return plan.items
    .filter((i) => i.state === 'occupied' || i.state === 'alive')
    .map((i) => `overwrite ${i.workload} in ${i.destination}${i.state === 'alive' ? ', which is running' : ''}`);
}

/** Everything beside a database that is replayed to its last commit is as old as that commit says, not as its point does. */
function ageOf({ skewSeconds, capture }: RestoreItem, replayedTo: string | undefined): string {
  if (replayedTo === undefined) return skewSeconds >= 1 ? ` (${formatDuration(skewSeconds)} before)` : '';
  const older = (Date.parse(replayedTo) - Date.parse(capture.capturedAt)) / 1000;
  return older >= 1 ? ` (${formatDuration(older)} older than the database)` : '';
}

/** The moment that the restored data is of, in words. */
function stateAt(item: RestoreItem, { items, lastCommit }: RestorePlan): string {
  if (!('end' in item)) {
    const isReplayed = items.some((each) => 'end' in each && each.end.kind === 'end-of-wal');
    return `${formatTime(item.capture.capturedAt)}${ageOf(item, isReplayed ? lastCommit : undefined)}`;
  }
  switch (item.end.kind) {
    case 'time':
      return `replay to ${formatExactTime(item.end.time)}`;
    case 'xid':
      return `replay to just before transaction ${item.end.xid} ends (${item.end.lsn})`;
    case 'lsn':
      return `replay to ${item.end.inclusive ? '' : 'just before '}${item.end.lsn}`;
    case 'immediate':
      return 'end of the set';
    case 'end-of-wal':
      return `replay all WAL (last commit ${formatExactTime(lastCommit ?? '')})`;
  }
}

export function describePlan(plan: RestorePlan): string {
  const rows = plan.items.map((i) => {
    const { capture } = i;
    const copy = capture.engine === 'pgbackrest' ? capture.set : capture.snapshot.slice(0, 8);
    return [i.tier, i.workload, copy, stateAt(i, plan), formatBytes(capture.bytes), i.state, i.destination];
  });
  const head = `restore to ${plan.target} from ${plan.repository}${plan.repositoryTime ? ` as of ${plan.repositoryTime}` : ''}: ${formatBytes(plan.bytes)}`;
  const missing = plan.missing.length === 0 ? [] : [`no point holds: ${plan.missing.join(', ')}`];
  return [
    head,
    table(['tier', 'workload', 'copy', 'state at', 'size', 'target is', 'target'], rows),
    ...missing,
    ...plan.warnings.map((w) => `note: ${w}`),
  ].join('\n');
}

export function describe(outcome: RestoreOutcome): string {
  const { plan, result } = outcome;
  const tiers = result.tiers.map((t) => [
    t.tier,
    formatTime(t.readyAt),
    formatDuration(t.seconds),
    `${formatDuration(t.objectiveSeconds)}${t.met ? '' : ' MISSED'}`,
  ]);
  const checks = result.verified.map((c) => [c.ok ? 'ok' : 'WRONG', c.tier, c.title, c.actual]);
  const losses = result.losses.map((l) => [
    l.tier,
    l.workload,
    formatExactTime(l.recoveredTo),
    formatDuration(l.seconds),
  ]);
  const failures = result.failures.map((f) => `${f.workload}: ${f.error.message}\n  hint: ${f.error.hint}`);
  const stopped = result.stopped.map(
    ({ id, start }) => `stopped by this restore: ${id}${start === undefined ? '' : `; it is started by: ${start}`}`,
  );
  const verdict =
    result.failures.length === 0
      ? `ready: restored to ${plan.target} from ${plan.repository}, ${formatBytes(result.bytesRestored)}`
      : 'NOT ready: run the same command again: it resumes where it stopped';
  const parts = [
    describePlan(plan),
    checks.length > 0 ? table(['', 'tier', 'verified', 'found'], checks) : '',
    tiers.length > 0 ? table(['tier', 'back at', 'after', 'objective'], tiers) : '',
    losses.length > 0 ? table(['tier', 'workload', 'data up to', 'before the disaster'], losses) : '',
  ];
  const notes = result.items.flatMap(({ workload, note }) => (note === undefined ? [] : [`${workload}: ${note}`]));
  return [...parts.filter((p) => p !== ''), ...notes, ...failures, ...stopped, verdict].join('\n\n');
}

export function toData(outcome: RestoreOutcome): object {
  const { plan, result, resumed } = outcome;
  const failures = result.failures.map(({ workload, error }) => ({
    workload,
    code: error.code,
    fact: error.fact,
    hint: error.hint,
  }));
  return { plan, resumed, ...result, failures, ready: result.failures.length === 0 };
}
