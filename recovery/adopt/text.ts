/** An adoption as text for a terminal. */
import { formatDuration } from '../../plan/duration.ts';
import { formatBytes } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { Lag } from './postgres/lag.ts';
import { lagText, type PostgresPlan, type PostgresStatus } from './postgres/run.ts';
import { type RedisLag, type RedisPlan, redisLagText } from './redis/run.ts';
import { type Finding, type Memory, placeText } from './types.ts';

const seconds = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(1)} s`);

function findingLines(findings: readonly Finding[]): string[] {
  return findings.map(({ code, fact, hint, refuses }) => `${refuses ? 'REFUSED' : 'note'} ${code}: ${fact}\n  ${hint}`);
}

export function postgresPlanText(plan: PostgresPlan): string {
  const rows = [
    [
      'taken over',
      `${plan.place}: PostgreSQL ${plan.sourceVersion ?? '?'}, ${plan.bytes === undefined ? '?' : formatBytes(plan.bytes)}`,
    ],
    ['databases', plan.databases.join(', ') || '?'],
    ['by', `stack ${plan.stack}: PostgreSQL ${plan.managedVersion}, in generation ${plan.generation}`],
    ['made on the source', `slot ${plan.slot}, roles replicator and postgres where they are missing`],
    ['deleted', plan.claims.length === 0 ? 'nothing' : `${plan.claims.join(', ')}: the stack’s own database`],
    ['stop for the switch', plan.users.join(', ') || 'nothing that uses it was found'],
  ];
  return [table(['', ''], rows), ...findingLines(plan.findings)].join('\n');
}

export function followText(stack: string, lag: Lag): string {
  return `it streams: ${lagText(lag)}\nnext: dr adopt status --stack ${stack}, then dr adopt postgres --stack ${stack} --switch`;
}

export function switchText({ switch: done, from }: Memory, stack: string, store: string): string {
  return [
    `${from} leads to the stack ${stack}: everything up to ${done?.end ?? '?'} has arrived`,
    `nobody could write for ${seconds(done?.writesAfterSeconds)}; what uses it was ready after ${seconds(done?.readyAfterSeconds)}`,
    `next: dr adopt ${store} --stack ${stack} --release, when you don’t need the way back any more; until then --undo`,
  ].join('\n');
}

const PHASES: Readonly<Record<Memory['phase'], string>> = {
  preparing: 'begun; the same command goes on',
  following: 'the stack’s server follows',
  switching: 'a switch was interrupted: --switch resumes it',
  switched: 'the stack’s server leads',
  undone: 'taken back: the source leads',
};

function memoryRows(memory: Memory, now: Date): string[][] {
  const { switch: done } = memory;
  return [
    [`${memory.store} from`, `${memory.from} (${placeText(memory.place)})`],
    ['since', `${formatDuration(Math.max(0, Math.round((now.getTime() - Date.parse(memory.begunAt)) / 1000)))}`],
    ['phase', `${memory.phase}: ${PHASES[memory.phase]}`],
    ...(done?.promotedAt === undefined
      ? []
      : [['switched at', `${done.promotedAt}, nobody could write for ${seconds(done.writesAfterSeconds)}`]]),
  ];
}

export function postgresStatusText({ memory, lag }: PostgresStatus, now: Date): string {
  return table(['', ''], [...memoryRows(memory, now), ...(lag === undefined ? [] : [['lag', lagText(lag)]])]);
}

export function redisPlanText(plan: RedisPlan): string {
  const rows = [
    [
      'taken over',
      `${plan.place}: Redis ${plan.sourceVersion ?? '?'}, ${plan.keys} keys, ${formatBytes(plan.usedBytes)}`,
    ],
    ['by', `stack ${plan.stack}: Redis ${plan.managedVersion}`],
    ['stop for the switch', plan.users.join(', ') || 'nothing that uses it was found'],
  ];
  return [table(['', ''], rows), ...findingLines(plan.findings)].join('\n');
}

export function redisStatusText(memory: Memory, lag: RedisLag | undefined, now: Date): string {
  return table(['', ''], [...memoryRows(memory, now), ...(lag === undefined ? [] : [['lag', redisLagText(lag)]])]);
}
