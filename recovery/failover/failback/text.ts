/** A failback as text for a terminal. */
import { lineageName } from '../../../plan/layout.ts';
import { formatBytes, plural } from '../../report/format.ts';
import { table } from '../../report/table.ts';
import type { CopyIn, Divergence, ReclonePlan, RecloneReport } from './types.ts';

const STATES = {
  'to-empty': 'is stopped, emptied and re-cloned',
  'to-bring-up': 'is empty; its up was interrupted',
  follows: 'follows the leader already',
} as const;

function divergenceRows({ fork, segments, lsn, bytes }: Divergence): string[][] {
  if (fork === undefined) return [];
  const beyond = segments.map(
    ({ repository, names }) => `${repository}: ${plural(names.length, 'segment')} from ${names[0]} to ${names.at(-1)}`,
  );
  const own =
    lsn === undefined
      ? 'its database does not run: its volume may hold more WAL than the archive'
      : `its database is at ${lsn}${bytes === undefined ? '' : `: ${formatBytes(bytes)} that only this site has`}`;
  return [
    ['histories diverged at', `${fork.lsn} of timeline ${fork.timeline}`],
    ['archived after that', beyond.join('; ') || 'nothing'],
    ['on its volume', own],
  ];
}

function copyText([id, copy]: readonly [string, CopyIn]): string {
  if (copy.state === 'held') return `${id}: ${copy.point}`;
  return copy.state === 'away' ? `${id}: does not answer` : `${id}: nothing`;
}

export function reclonePlanText(plan: ReclonePlan): string {
  const { next, leader, claims, divergence } = plan;
  return table(
    ['', ''],
    [
      ['comes back', `${plan.stack}: ${plan.lineage} ${STATES[plan.state]}`],
      ['as', `${lineageName(next.site, next.generation)}, a standby of ${leader.lineage} from ${plan.repository}`],
      ...divergenceRows(divergence),
      ['deleted', claims.length === 0 ? 'nothing' : `${claims.join(', ')} in ${plan.namespace} of ${plan.cluster}`],
      ['first full backup of the leader', plan.fullBackup],
      [`held of ${leader.lineage}`, Object.entries(plan.copies).map(copyText).join('; ') || 'nothing'],
    ],
  );
}

export function recloneReportText({ plan, followsAt }: RecloneReport): string {
  const { next, leader } = plan;
  return `${lineageName(next.site, next.generation)} follows ${leader.lineage} and has its data up to ${followsAt}`;
}
