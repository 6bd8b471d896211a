/** The shipped plan against the written one: its values stand here a second time, as the written plan has them. */
import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import type { Invocation } from '../../cli/command.ts';
import { buildProgram } from '../../cli/program.ts';
import { pathOf } from '../../cli/usage.ts';
import { productionPlan as plan } from '../../plan/production.ts';
import { planSchema } from '../../plan/types.ts';
import { byId } from './plan-fixture.ts';

test('it has the shape of a plan', () => {
  expect(planSchema.parse(plan)).toEqual(plan);
  expect([plan.title, plan.version]).toEqual(['Go Coffee Platform - Disaster Recovery Plan', '1.0']);
});

test('objectives', () => {
  expect(plan.objectives.rto).toEqual({ critical: '4h', nonCritical: '24h', full: '8h' });
  expect(plan.objectives.rpo).toEqual({ database: '1h', applicationData: '4h', configuration: '24h' });
  expect(plan.objectives.scope).toEqual({ critical: ['P1', 'P2'], full: ['P1', 'P2', 'P3'], nonCritical: ['P4'] });
});

test.each([
  ['P1', 'Critical', 'Auth Service, Database, Redis', '2h', '1h'],
  ['P2', 'High', 'Payment Processing, Order Management', '4h', '4h'],
  ['P3', 'Medium', 'AI Search, Analytics', '8h', '24h'],
  ['P4', 'Low', 'Monitoring, Logging', '24h', '24h'],
])('tier %s (%s): %s', (id, name, services, rto, rpo) => {
  const tier = byId(plan.tiers, id);
  expect([tier.name, tier.services.map(({ title }) => title).join(', '), tier.rto, tier.rpo]).toEqual([
    name,
    services,
    rto,
    rpo,
  ]);
});

test('schedules: the three of the plan, and one added', () => {
  expect(plan.schedules.map(({ cron, kind, source }) => [cron, kind, source])).toEqual([
    ['0 2 * * *', 'full', 'plan'],
    ['0 * * * *', 'incremental', 'plan'],
    ['0 3 * * 0', 'config', 'plan'],
    ['*/15 * * * *', 'incremental', 'added'],
  ]);
  expect(byId(plan.schedules, 'redis').workloads).toEqual(['redis']);
  expect(byId(plan.schedules, 'daily').workloads).toEqual(plan.workloads.map(({ id }) => id));
});

test.each([
  [
    'database',
    [
      'PostgreSQL full dumps (daily)',
      'Transaction log shipping (continuous)',
      'Point-in-time recovery capability',
      'Database configuration and schemas',
    ],
  ],
  [
    'application',
    ['Redis data dumps (RDB and AOF)', 'Session data and cache', 'Event store data', 'File uploads and static assets'],
  ],
  [
    'infrastructure',
    [
      'Kubernetes manifests and configurations',
      'Secrets and ConfigMaps (encrypted)',
      'Network policies and RBAC',
      'Monitoring configurations',
    ],
  ],
  [
    'code',
    ['Git repository mirrors', 'Docker images in registry', 'Build artifacts and dependencies', 'Configuration files'],
  ],
])('backup components: %s', (group, components) => {
  const covered = plan.workloads.filter((w) => w.group === group).flatMap(({ covers }) => covers);
  expect([...new Set(covered)].sort()).toEqual([...components].sort());
});

test.each([
  ['local', 'Primary Storage (Local)', 'posix', '/var/backups/go-coffee/', undefined, '30d', 'gzip'],
  ['primary', 'Secondary Storage (S3)', 's3', 'go-coffee-backups', 'us-east-1', '90d', 'zstd'],
  ['secondary', 'Secondary Storage (S3)', 's3', 'go-coffee-backups-eu-west-1', 'eu-west-1', '90d', 'zstd'],
  ['offsite', 'Tertiary Storage (Offsite)', 'drive', 'Partner data center', undefined, '1y', 'zstd'],
])('repository %s', (id, planName, storage, location, region, retention, compression) => {
  expect(byId(plan.repositories, id)).toMatchObject({
    ...{ planName, storage, location, retention, compression, encryption: 'aes-256' },
    ...(region === undefined ? {} : { region }),
  });
});

test('S3 moves to IA and Glacier and is locked; offsite is weekly, by encrypted drives', () => {
  for (const id of ['primary', 'secondary']) {
    const repository = byId(plan.repositories, id);
    expect(repository.lifecycle.map(({ storageClass }) => storageClass)).toEqual(['STANDARD_IA', 'GLACIER_IR']);
    expect(repository.immutable?.mode).toBe('governance');
  }
  expect(byId(plan.repositories, 'offsite').written).toMatchObject({
    by: 'export',
    cron: '0 6 * * 0',
    transport: 'Encrypted drives',
  });
});

test('scenarios: five, with the steps and windows of the written procedures', () => {
  expect(plan.scenarios.map(({ title, description }) => `${title} - ${description}`)).toEqual([
    'Complete Infrastructure Failure - Total loss of primary data center',
    'Database Corruption - PostgreSQL data corruption or loss',
    'Application Failure - Service corruption or configuration loss',
    'Security Breach - Compromised systems requiring clean restoration',
    'Human Error - Accidental deletion or misconfiguration',
  ]);
  const { immediate, recovery, validation } = byId(plan.scenarios, 'complete-failure');
  expect([immediate, recovery, validation].map(({ from, to }) => `${from} - ${to}`)).toEqual([
    '0m - 30m',
    '30m - 4h',
    '4h - 8h',
  ]);
  const texts = (id: string, phase: 'immediate' | 'recovery') =>
    byId(plan.scenarios, id)[phase].steps.map(({ text }) => text);
  expect(texts('complete-failure', 'immediate')).toEqual([
    'Activate disaster recovery team',
    'Assess scope of failure',
    'Initiate communication plan',
    'Activate secondary infrastructure',
  ]);
  expect(texts('database-corruption', 'immediate')).toEqual([
    'Stop application services',
    'Assess database state',
    'Create emergency backup if possible',
  ]);
  expect(texts('database-corruption', 'recovery')).toEqual([
    'Restore from latest backup',
    'Apply transaction logs if available',
    'Restart services',
  ]);
  expect(texts('security-breach', 'immediate')).toEqual([
    'Isolate affected systems',
    'Preserve forensic evidence',
    'Assess breach scope',
    'Notify security team',
  ]);
  expect(texts('security-breach', 'recovery')).toEqual([
    'Complete infrastructure rebuild',
    'Restore from clean backup (pre-breach)',
    'Update all secrets and certificates',
    'Implement additional security measures',
  ]);
});

test('monitoring: four checks, four thresholds', () => {
  expect(plan.checks.map(({ title }) => title)).toEqual([
    'Backup completion status',
    'File integrity verification',
    'Storage space monitoring',
    'Replication status',
  ]);
  expect(plan.thresholds).toEqual({
    backupFailure: 'immediate',
    storage: { warningPercent: 80, criticalPercent: 95 },
    integrityFailure: 'critical',
    performanceRatio: 2,
  });
});

test('the calendar of tests, the reviews, the actions after a recovery', () => {
  const calendar = (cadence: string) => plan.tests.filter((t) => t.cadence === cadence).map(({ title }) => title);
  expect(calendar('monthly')).toEqual([
    'Database restore to test environment',
    'Configuration restore validation',
    'Service startup verification',
  ]);
  expect(calendar('quarterly')).toEqual([
    'Full disaster recovery simulation',
    'Cross-region failover testing',
    'Team response exercises',
  ]);
  expect(calendar('annual')).toEqual([
    'Complete infrastructure rebuild',
    'Business continuity validation',
    'Third-party integration testing',
  ]);
  expect(plan.maintenance.reviews.map(({ cadence, what }) => `${cadence}: ${what}`)).toEqual([
    'monthly: Backup and recovery procedures',
    'quarterly: Contact information and escalation procedures',
    'annual: Complete plan review and testing scenarios',
  ]);
  expect(plan.postRecovery.map(({ from, to, actions }) => [from, to, actions.length])).toEqual([
    ['0h', '24h', 4],
    ['1d', '7d', 4],
    ['1w', '4w', 4],
  ]);
});

test('team and channels', () => {
  expect(plan.team.map(({ role, primary, secondary }) => `${role}: ${primary}, ${secondary}`)).toEqual([
    'Incident Commander: CTO, Lead DevOps',
    'Technical Lead: Senior Engineer, Platform Engineer',
    'Communications: Product Manager, Marketing Lead',
    'Business Continuity: CEO, COO',
  ]);
  expect(
    [...plan.channels.internal, ...plan.channels.external].map(({ title, address }) => `${title}: ${address}`),
  ).toEqual([
    'Slack: #incident-response',
    'Email: incident-team@go-coffee.com',
    'Phone: Conference bridge +1-xxx-xxx-xxxx',
    'Status Page: status.go-coffee.com',
    'Customer Support: support@go-coffee.com',
    'Social Media: @GoCoffeePlatform',
  ]);
});

test('messages: every bracket is a field, and every field a bracket', () => {
  for (const { text, fields } of plan.templates) {
    const brackets = [...text.matchAll(/\[[^\]\n]{2,}\]/g)].map(([bracket]) => bracket);
    expect([...new Set(brackets)].sort()).toEqual(fields.map(({ placeholder }) => placeholder).sort());
  }
  expect(byId(plan.templates, 'initial').text).toContain('Updates will be provided every 30 minutes.');
  expect(byId(plan.templates, 'initial').updateEvery).toBe('30m');
  expect(byId(plan.templates, 'resolved').text).toContain('Post-mortem will be published within 48 hours.');
  expect(byId(plan.templates, 'resolved').dueWithin).toBe('48h');
  expect(byId(plan.templates, 'post-mortem').text.match(/^## .*/gm)).toEqual([
    '## Summary',
    '## Timeline',
    '## Root Cause',
    '## Resolution',
    '## Lessons Learned',
    '## Action Items',
  ]);
});

test('each script of the written plan has its command', () => {
  expect(plan.scripts.map(({ path, run }) => `${path.split('/').at(-1)}: ${run}`)).toEqual([
    'backup.sh: dr backup --kind full',
    'verify-backup.sh: dr verify',
    'cleanup-old-backups.sh: dr prune',
    'restore.sh: dr restore --to latest',
    'dr-simulation.sh: dr drill',
    'bc-test.sh: dr drill --scenario all',
    'health-check.sh: dr health',
    'backup-monitor.sh: dr objectives',
    'dr-readiness.sh: dr readiness',
    'rto-rpo-monitor.sh: dr objectives',
  ]);
});

const phases = plan.scenarios.flatMap(({ immediate, recovery, validation }) => [immediate, recovery, validation]);
const typed = new Set([
  ...phases.flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? [])),
  ...plan.tests.flatMap(({ run }) => run ?? []),
  ...plan.checks.map(({ command }) => command),
  ...plan.scripts.map(({ run }) => run),
]);

test.each([...typed].map((line) => [line]))('`%s` can be typed', async (line) => {
  const seen: string[] = [];
  const [, ...words] = line.split(' ');
  const execute = async ({ command }: Invocation) => void seen.push(pathOf(command));
  const program = await buildProgram({ version: '0', words, execute });
  const error = await program.parseAsync(['node', 'dr', ...words]).then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error instanceof CommanderError ? error.message : error).toBeUndefined();
  expect(line.startsWith(seen[0] ?? 'nothing was run')).toBe(true);
});
