import { describe, expect, test } from 'vitest';
import type { Plan } from '../../plan/types.ts';
import { checkMeaning, checkPlan } from '../../plan/validate.ts';
import { byId, planWith } from './plan-fixture.ts';

type Change = (plan: Plan) => void;

const workload = (plan: Plan, id: string) => byId(plan.workloads, id);
const repository = (plan: Plan, id: string) => byId(plan.repositories, id);
const schedule = (plan: Plan, id: string) => byId(plan.schedules, id);

test('the shipped plan has nothing to find fault with', () => {
  expect(checkPlan(planWith(() => {}))).toEqual([]);
});

/** One change, exactly one finding. */
const SINGLE: readonly [name: string, Change, code: string, where: string, fact: string, hint: string][] = [
  [
    'a service in no tier',
    (p) => {
      workload(p, 'uploads').services = ['order-servce'];
    },
    'SERVICE-IN-NO-TIER',
    'workloads.uploads.services.[0]',
    'service "order-servce", which needs uploads, is in no tier. Did you mean "order-service"?',
    'add it to the services of a tier',
  ],
  [
    'a service in two tiers',
    (p) => void byId(p.tiers, 'P4').services.push({ id: 'ai-search', title: 'AI Search' }),
    'SERVICE-IN-TWO-TIERS',
    'tiers.P4.services.ai-search',
    'service "ai-search" is in P3 and in P4',
    'leave it in one tier',
  ],
  [
    'a workload with fewer copies than the rule',
    (p) => {
      workload(p, 'git').repositories = ['local', 'primary'];
    },
    'COPIES-FEW',
    'workloads.git.repositories',
    "git has 2 copies (local, primary), and the plan's rule wants 3",
    'add repositories',
  ],
  [
    'two repositories with the same place',
    (p) => {
      repository(p, 'secondary').location = 'go-coffee-backups';
    },
    'PLACE-DOUBLED',
    'repositories.secondary.location',
    '"go-coffee-backups" is the place of "primary" too: two repositories there are one copy',
    'another path or bucket',
  ],
  [
    'an unknown repository',
    (p) => void workload(p, 'git').repositories.push('secundary'),
    'REPOSITORY-UNKNOWN',
    'workloads.git.repositories.[4]',
    'the plan has no repository "secundary". Did you mean "secondary"?',
    'local, primary, secondary, offsite',
  ],
  [
    'a repository named twice',
    (p) => void workload(p, 'git').repositories.push('local'),
    'REPOSITORY-DOUBLED',
    'workloads.git.repositories.[4]',
    '"local" stands twice in one list',
    'remove one',
  ],
  [
    'a selector that matches nothing',
    (p) => void schedule(p, 'hourly').workloads.push('group:databse'),
    'SELECTOR-EMPTY',
    'schedules.hourly.workloads.[14]',
    '"group:databse" matches no workload. Did you mean "group:database"?',
    'name a workload',
  ],
  [
    'a schedule of nothing',
    (p) => {
      schedule(p, 'weekly-config').workloads = [];
    },
    'SELECTOR-EMPTY',
    'schedules.weekly-config.workloads',
    'schedule "weekly-config" names no workload',
    'write [all]',
  ],
  [
    'a cron expression that is none',
    (p) => {
      schedule(p, 'hourly').cron = '61 * * * *';
    },
    'CRON-INVALID',
    'schedules.hourly.cron',
    '"61" is no minute in "61 * * * *"',
    'minute, hour, day of month, month and day of week',
  ],
  [
    'the cron expression of an export',
    (p) => {
      repository(p, 'offsite').written = { by: 'export', cron: '0 6 * * 9', longestRun: '1h', transport: 'x' };
    },
    'CRON-INVALID',
    'repositories.offsite.written.cron',
    '"9" is no day of week in "0 6 * * 9"',
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
    'a retention shorter than the lock',
    (p) => {
      Object.assign(repository(p, 'primary'), { retention: '89d' });
    },
    'RETENTION-BELOW-LOCK',
    'repositories.primary.retention',
    '"primary" is kept for 89 d and locked for 90 d: it could not be pruned in time',
    'as long as the lock',
  ],
  [
    'a retention of 0',
    (p) => {
      repository(p, 'local').retention = '0d';
    },
    'RETENTION-ZERO',
    'repositories.local.retention',
    '"local" keeps copies for 0d: none',
    'e.g. 30d',
  ],
  [
    'a storage class that thaws for 12 h',
    (p) => {
      repository(p, 'primary').lifecycle = [{ after: '60d', storageClass: 'GLACIER' }];
    },
    'STORAGE-CLASS-SLOW',
    'repositories.primary.lifecycle.[0]',
    'GLACIER takes 12 h to read back, and P1 must be back in 2 h',
    'use GLACIER_IR',
  ],
  [
    'a storage class that thaws for 48 h',
    (p) => {
      repository(p, 'primary').lifecycle = [{ after: '60d', storageClass: 'DEEP_ARCHIVE' }];
    },
    'STORAGE-CLASS-SLOW',
    'repositories.primary.lifecycle.[0]',
    'DEEP_ARCHIVE takes 2 d to read back, and P1 must be back in 2 h',
    'use GLACIER_IR',
  ],
  [
    'IA before S3 allows it',
    (p) => {
      repository(p, 'primary').lifecycle = [{ after: '7d', storageClass: 'STANDARD_IA' }];
    },
    'LIFECYCLE-TOO-EARLY',
    'repositories.primary.lifecycle.[0]',
    'S3 moves nothing to STANDARD_IA before 30 d, and "primary" asks for 7d',
    '30d or more',
  ],
  [
    'a relative path',
    (p) => {
      repository(p, 'local').location = 'var/backups';
    },
    'PATH-RELATIVE',
    'repositories.local.location',
    '"var/backups" is a relative path',
    'write the whole path',
  ],
  [
    'a path that climbs',
    (p) => {
      repository(p, 'local').location = '/var/backups/../tmp';
    },
    'PATH-UPWARD',
    'repositories.local.location',
    '"/var/backups/../tmp" has a ".." in it',
    'the path that it leads to',
  ],
  [
    'a bucket that is none',
    (p) => {
      repository(p, 'primary').location = 's3://go-coffee-backups/x';
    },
    'BUCKET-INVALID',
    'repositories.primary.location',
    '"s3://go-coffee-backups/x" is no name of a bucket',
    'without s3://',
  ],
  [
    'a bucket without a region',
    (p) => {
      delete repository(p, 'primary').region;
    },
    'REGION-MISSING',
    'repositories.primary',
    'bucket "go-coffee-backups" has no region',
    'us-east-1',
  ],
  [
    'a lock on a folder',
    (p) => {
      repository(p, 'local').immutable = { mode: 'governance', lock: '30d' };
    },
    'LOCK-NOT-S3',
    'repositories.local.immutable',
    '"local" is locked, and posix storage has no Object Lock',
    'leave immutable out',
  ],
  [
    'an RPO of 0',
    (p) => {
      byId(p.tiers, 'P4').rpo = '0h';
    },
    'OBJECTIVE-ZERO',
    'tiers.P4.rpo',
    `"0h" can't be met by anything that is restored`,
    'what the business can bear',
  ],
  [
    'a tier slower than its class',
    (p) => {
      byId(p.tiers, 'P2').rto = '5h';
    },
    'RTO-SCOPE',
    'tiers.P2.rto',
    'P2 may take 5 h, and its class "critical" 4 h',
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
    'a form of what is not there',
    (p) => {
      workload(p, 'postgres-dump').secondFormOf = 'postgre';
    },
    'WORKLOAD-UNKNOWN',
    'workloads.postgres-dump.secondFormOf',
    'the plan has no workload "postgre". Did you mean "postgres", "postgres-dump" or "postgres-config"?',
    'name the workload',
  ],
  [
    'a test of no scenario',
    (p) => {
      p.scenarios = p.scenarios.filter(({ id }) => id !== 'database-corruption');
    },
    'SCENARIO-UNKNOWN',
    'tests.database-restore.scenario',
    'the plan has no scenario "database-corruption".',
    'complete-failure',
  ],
  [
    'an id that stands twice',
    (p) => void p.schedules.push({ ...schedule(p, 'redis') }),
    'ID-DOUBLED',
    'schedules.redis.id',
    '"redis" stands twice in schedules',
    'another id',
  ],
  [
    'a warning after the alarm',
    (p) => {
      p.thresholds.storage = { warningPercent: 95, criticalPercent: 80 };
    },
    'THRESHOLD-ORDER',
    'thresholds.storage',
    'the warning at 95% does not come before the critical alert at 80%',
    'the smaller one',
  ],
  [
    'a placeholder that the text lacks',
    (p) => void byId(p.templates, 'resolved').fields.push({ name: 'x', placeholder: '[Nobody]' }),
    'PLACEHOLDER-MISSING',
    'templates.resolved.fields.[4]',
    '"[Nobody]" does not stand in the text of "resolved"',
    'brackets included',
  ],
  [
    'a run of no time',
    (p) => {
      schedule(p, 'redis').longestRun = '0s';
    },
    'RUN-ZERO',
    'schedules.redis.longestRun',
    'a run of "redis" takes 0s',
    'e.g. 15m',
  ],
];

test.each(SINGLE)('%s', (_, change, code, where, fact, hint) => {
  const findings = checkPlan(planWith(change));
  expect(findings).toMatchObject([{ severity: 'error', code, where }]);
  expect(findings[0]?.fact).toContain(fact);
  expect(findings[0]?.hint).toContain(hint);
});

describe('the rule of copies', () => {
  const only = (held: string[]) => {
    const plan = planWith((p) => {
      workload(p, 'git').repositories = held;
    });
    return checkPlan(plan).map(({ code }) => code);
  };

  test('one kind of storage', () => {
    expect(only(['primary', 'secondary'])).toEqual(['COPIES-FEW', 'STORAGE-KINDS-FEW']);
  });

  test('none away, none immutable', () => {
    expect(only(['local'])).toEqual(['COPIES-FEW', 'STORAGE-KINDS-FEW', 'OFFSITE-FEW', 'IMMUTABLE-FEW']);
  });

  test('a workload that no test restores', () => {
    const plan = planWith((p) => {
      for (const held of p.tests) held.verifies = held.verifies.filter((selector) => selector !== 'all');
    });
    expect(checkPlan(plan)).toMatchObject([
      {
        code: 'UNVERIFIED',
        where: 'tests',
        fact: "no test restores redis, event-store, uploads, static-assets, git, images, artifacts: 7 unproven, and the plan's rule allows 0",
      },
    ]);
  });
});

test('a transition after the end of the retention is a warning', () => {
  const findings = checkPlan(
    planWith((p) => void repository(p, 'primary').lifecycle.push({ after: '100d', storageClass: 'GLACIER_IR' })),
  );
  expect(findings).toMatchObject([{ severity: 'warning', code: 'LIFECYCLE-LATE' }]);
});

test('places are compared as places, not as text', () => {
  const codes = (change: Change) => checkPlan(planWith(change)).map(({ code }) => code);
  const asFolder = (location: string) => (p: Plan) => {
    Object.assign(repository(p, 'offsite'), { storage: 'posix', location });
  };
  expect(codes(asFolder('/var//backups/go-coffee'))).toEqual(['PLACE-DOUBLED']);
  expect(codes(asFolder('/mnt/partner'))).toEqual([]);
});

test.each(planWith(() => {}).settlements.map(({ id }) => [id]))(
  'the tension "%s" is found without its settlement',
  (id) => {
    const plan = planWith((p) => {
      p.settlements = p.settlements.filter((settlement) => settlement.id !== id);
    });
    const hint = expect.stringContaining(`"${id}"`);
    expect(checkPlan(plan)).toMatchObject([{ severity: 'error', code: 'TENSION-UNSETTLED', hint }]);
  },
);

test('a tension that is no more wants no settlement', () => {
  const plan = planWith((p) => {
    for (const held of p.repositories) held.compression = 'zstd';
    p.settlements = p.settlements.filter(({ id }) => id !== 'compression');
  });
  expect(checkPlan(plan)).toEqual([]);
});

test('all problems are reported at once; those that nobody can work with are told apart', () => {
  const plan = planWith((p) => {
    schedule(p, 'redis').cron = 'x';
    workload(p, 'git').repositories = ['local', 'primry'];
    repository(p, 'local').retention = '0d';
    p.settlements = [];
  });
  expect(checkPlan(plan).map(({ code }) => code)).toEqual(
    expect.arrayContaining(['CRON-INVALID', 'REPOSITORY-UNKNOWN', 'COPIES-FEW', 'RETENTION-ZERO', 'TENSION-UNSETTLED']),
  );
  expect(checkMeaning(plan).map(({ code }) => code)).toEqual(['REPOSITORY-UNKNOWN', 'CRON-INVALID']);
});
