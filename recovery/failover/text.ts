/** A failover as text for a terminal. */
import { formatDuration } from '../../plan/duration.ts';
import { formatBytes, formatTime } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { Measured } from '../report/types.ts';
import type { FailoverPlan, FailoverReport } from './types.ts';

const ago = (secondsAgo: number): string => `${formatDuration(secondsAgo)} ago`;

function oldSite({ oldCluster }: FailoverPlan): string {
  switch (oldCluster.state) {
    case 'unnamed':
      return 'not named: it can’t be stopped from here (set --old-context)';
    case 'away':
      return `unreachable: ${oldCluster.fact}`;
    case 'reached': {
      const { describe, pods, lsn } = oldCluster.found;
      const leader = lsn === undefined ? 'no leader answers' : `its leader is at ${lsn}`;
      return `${describe}: ${pods.length} pods, ${leader}`;
    }
  }
}

function standbyText({ standby }: FailoverPlan): string {
  if (standby.state === 'away') return `does not answer: ${standby.fact}`;
  const { pod, replayed, lastCommit, behindBytes } = standby.found;
  const behind = behindBytes === undefined ? '' : `, ${formatBytes(behindBytes)} of archived WAL to replay`;
  return `${pod} at ${replayed ?? 'nothing yet'}, last commit ${lastCommit ?? 'unknown'}${behind}`;
}

function lossText({ loss }: FailoverPlan): string {
  const amount = Number.isFinite(loss.seconds) ? formatDuration(loss.seconds) : 'everything';
  return `${loss.seconds === 0 ? 'nothing' : `at most ${amount}`}: ${loss.why}`;
}

export function planText(plan: FailoverPlan): string {
  const { newestWal, redis, fence, follows } = plan;
  const fences = Object.entries(fence).map(
    ([id, found]) => `${id} ${found.state === 'away' ? 'unreachable' : found.found}`,
  );
  const wal =
    newestWal === undefined
      ? `none of ${follows.lineage} in ${follows.repository}`
      : `${newestWal.segment}, ${ago(newestWal.ageSeconds)}${plan.oldSiteWrites ? ': the old site may still write' : ''}`;
  return table(
    ['', ''],
    [
      ['becomes the leader', `${plan.lineage} (stack ${plan.stack})`],
      ['takes over from', `${follows.lineage}, followed by ${follows.repository}`],
      ['newest archived WAL', wal],
      ['standby', standbyText(plan)],
      ['old site', oldSite(plan)],
      ['fence', fences.join(', ')],
      ...(plan.detach.length === 0
        ? []
        : [
            ['begins without', `${plan.detach.join(', ')}: no WAL and no backup goes there until it is attached again`],
          ]),
      [
        'Redis is seeded from',
        redis === undefined ? 'nothing: the repository holds no snapshot' : `${redis.point}, ${ago(redis.ageSeconds)}`,
      ],
      ['stack', plan.preview.fact],
      ['would be lost', lossText(plan)],
    ],
  );
}

function objective({ objectiveSeconds, measuredSeconds, met }: Measured): string {
  const found = measuredSeconds === undefined ? 'not measured' : formatDuration(measuredSeconds);
  return `${found} of ${formatDuration(objectiveSeconds)}${met ? '' : ' MISSED'}`;
}

const BACKUP = {
  absent: 'not started: see the Jobs of the recovery namespace',
  running: 'running',
  done: 'done',
  failed: 'FAILED: until one succeeds the new leader has no backup of its own',
} as const;

export function reportText(report: FailoverReport): string {
  const checks = report.verification.map(({ ok, title, expected, actual }) => [
    ok ? 'ok' : 'FAILED',
    title,
    expected,
    actual,
  ]);
  const events = report.timeline.map(({ offsetSeconds, event }) => [formatDuration(offsetSeconds), event]);
  return [
    `${report.lineage} leads since ${formatTime(report.endedAt)}`,
    table(
      ['', ''],
      [
        ['RTO', objective(report.rto)],
        ['lost', objective(report.rpo)],
        [
          'old site',
          report.fenced === 'cluster'
            ? 'stopped; no pod starts there'
            : 'NOT stopped; only the fence keeps it from leading',
        ],
        ['first full backup', BACKUP[report.fullBackup]],
      ],
    ),
    table(['after', 'event'], events, ['right']),
    table(['', 'check', 'expected', 'found'], checks),
    ...report.next.map((line) => `next: ${line}`),
  ].join('\n\n');
}
