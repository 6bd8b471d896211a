import { test } from 'vitest';
import { byId, type Fault, findsOnly, schedule, workload } from '../plan-fixture.ts';

/** Names and selectors. One change, exactly one finding. */
const FAULTS: readonly Fault[] = [
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
    'keep it in one tier',
  ],
  [
    'a workload with fewer copies than the rule',
    (p) => {
      workload(p, 'git').repositories = ['local', 'primary'];
    },
    'COPIES-FEW',
    'workloads.git.repositories',
    "git has 2 copies (local, primary), and the plan's copy rule requires 3",
    'add repositories',
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
    '"local" occurs twice in one list',
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
    'an id that occurs twice',
    (p) => void p.schedules.push({ ...schedule(p, 'redis') }),
    'ID-DOUBLED',
    'schedules.redis.id',
    '"redis" occurs twice in schedules',
    'another id',
  ],
];

test.each(FAULTS)('%s', findsOnly);
