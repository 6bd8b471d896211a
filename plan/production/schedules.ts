/** The plan's three schedules (lines 59–66), and one more that its objectives need. All in UTC. */
import type { Schedule } from '../types.ts';
import { workloads } from './workloads.ts';

const all = workloads.map(({ id }) => id);
const configuration = workloads.filter(({ dataClass }) => dataClass === 'configuration').map(({ id }) => id);

export const schedules: Schedule[] = [
  {
    /** Line 60. */
    id: 'daily',
    title: 'Daily full backup',
    cron: '0 2 * * *',
    kind: 'full',
    workloads: all,
    longestRun: '90m',
    lock: 'backup',
    source: 'plan',
  },
  {
    /** Line 63. Logical dumps are daily (line 72); to capture the rest costs little when little has changed. */
    id: 'hourly',
    title: 'Hourly incremental backup',
    cron: '0 * * * *',
    kind: 'incremental',
    workloads: all.filter((id) => id !== 'postgres-dump'),
    longestRun: '15m',
    lock: 'backup',
    source: 'plan',
  },
  {
    /** Line 66. */
    id: 'weekly-config',
    title: 'Weekly configuration snapshot',
    cron: '0 3 * * 0',
    kind: 'config',
    workloads: configuration,
    longestRun: '15m',
    lock: 'backup',
    source: 'plan',
  },
  {
    /** Decision `added-schedule`. It has its own lock: if it waited for a full backup, it would miss its objective. */
    id: 'redis',
    title: 'Redis snapshot every 15 minutes',
    cron: '*/15 * * * *',
    kind: 'incremental',
    workloads: ['redis'],
    longestRun: '5m',
    lock: 'redis',
    source: 'added',
  },
];
