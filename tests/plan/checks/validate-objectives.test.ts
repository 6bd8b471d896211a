import { test } from 'vitest';
import { byId, type Fault, findsOnly, repository, schedule, workload } from '../plan-fixture.ts';

/** Objectives, schedules, thresholds, messages. One change, exactly one finding. */
const FAULTS: readonly Fault[] = [
  [
    'a cron expression that is none',
    (p) => {
      schedule(p, 'hourly').cron = '61 * * * *';
    },
    'CRON-INVALID',
    'schedules.hourly.cron',
    '"61" is not a valid minute in "61 * * * *"',
    'minute, hour, day of month, month and day of week',
  ],
  [
    'the cron expression of an export',
    (p) => {
      repository(p, 'offsite').written = { by: 'export', cron: '0 6 * * 9', longestRun: '1h', transport: 'x' };
    },
    'CRON-INVALID',
    'repositories.offsite.written.cron',
    '"9" is not a valid day of week in "0 6 * * 9"',
    'e.g. "0 2 * * *"',
  ],
  [
    'a schedule that cannot meet the RPO',
    (p) => {
      schedule(p, 'redis').cron = '0 * * * *';
    },
    'RPO-UNMET',
    'workloads.redis',
    "the schedules can't meet its RPO (P1, secondary): 1 h interval + 5 min longest run + 10 min copy = 1 h 15 min > 1 h",
    'run more often',
  ],
  [
    'log shipping too slow for the RPO',
    (p) => {
      workload(p, 'postgres').continuous = { archiveTimeout: '1h', pushDelay: '5m' };
    },
    'RPO-UNMET',
    'workloads.postgres',
    "the schedules can't meet its RPO (P1, local): 1 h archive_timeout + 5 min push delay = 1 h 5 min > 1 h",
    'run more often',
  ],
  [
    'a second form that no schedule covers',
    (p) => {
      schedule(p, 'daily').workloads = schedule(p, 'hourly').workloads;
    },
    'UNSCHEDULED',
    'workloads.postgres-dump',
    'no schedule covers postgres-dump',
    'add it to the workloads of a schedule',
  ],
  [
    'an RPO of 0',
    (p) => {
      byId(p.tiers, 'P4').rpo = '0h';
    },
    'OBJECTIVE-ZERO',
    'tiers.P4.rpo',
    `no restore can meet an objective of "0h"`,
    'the longest outage or loss',
  ],
  [
    'a tier slower than its class',
    (p) => {
      byId(p.tiers, 'P2').rto = '5h';
    },
    'RTO-SCOPE',
    'tiers.P2.rto',
    'P2 has an RTO of 5 h, and its scope "critical" one of 4 h',
    'shorten the RTO',
  ],
  [
    'a tier in no scope',
    (p) => {
      p.objectives.scope.nonCritical = [];
    },
    'RTO-SCOPE',
    'tiers.P4',
    'P4 is in no scope of an RTO',
    'objectives.scope',
  ],
  [
    'data restored after the service that needs it',
    (p) => {
      workload(p, 'event-store').tier = 'P3';
    },
    'WORKLOAD-LATE',
    'workloads.event-store.tier',
    'event-store is restored with P3, and services of P2 need it',
    'put it in P2',
  ],
  [
    'a warning after the alarm',
    (p) => {
      p.thresholds.storage = { warningPercent: 95, criticalPercent: 80 };
    },
    'THRESHOLD-ORDER',
    'thresholds.storage',
    'the warning at 95% is not below the critical alert at 80%',
    'the smaller one',
  ],
  [
    'a placeholder that the text lacks',
    (p) => void byId(p.templates, 'resolved').fields.push({ name: 'x', placeholder: '[Nobody]' }),
    'PLACEHOLDER-MISSING',
    'templates.resolved.fields.[4]',
    '"[Nobody]" is not in the text of "resolved"',
    'with its brackets',
  ],
  [
    'a run of no time',
    (p) => {
      schedule(p, 'redis').longestRun = '0s';
    },
    'RUN-ZERO',
    'schedules.redis.longestRun',
    'longestRun of "redis" is 0s',
    'e.g. 15m',
  ],
];

test.each(FAULTS)('%s', findsOnly);
