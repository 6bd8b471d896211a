/** Monitoring, tests, people, channels, actions after a recovery, the scripts that the plan names, and its reviews. */
import type { Plan } from '../types.ts';

/** Lines 203–207. */
export const checks: Plan['checks'] = [
  { id: 'completion', title: 'Backup completion status', command: 'dr points list' },
  { id: 'integrity', title: 'File integrity verification', command: 'dr verify' },
  { id: 'storage', title: 'Storage space monitoring', command: 'dr health --comprehensive' },
  { id: 'replication', title: 'Replication status', command: 'dr monitor' },
];

export const thresholds: Plan['thresholds'] = {
  /** Line 210. */
  backupFailure: 'immediate',
  /** Lines 211–212. */
  storage: { warningPercent: 80, criticalPercent: 95 },
  /** Line 213. */
  integrityFailure: 'critical',
  /** Added: the written plan names no limit. */
  performanceRatio: 2,
};

/** Lines 215–242. */
export const tests: Plan['tests'] = [
  {
    id: 'database-restore',
    title: 'Database restore to test environment',
    cadence: 'monthly',
    verifies: ['group:database'],
    scenario: 'database-corruption',
    shell: './scripts/disaster-recovery/restore.sh -e test -d backup.tar.gz',
    run: 'dr drill --scenario database-corruption',
  },
  {
    id: 'configuration-restore',
    title: 'Configuration restore validation',
    cadence: 'monthly',
    verifies: ['group:infrastructure', 'configuration-files'],
    scenario: 'application-failure',
    run: 'dr drill --scenario application-failure',
  },
  {
    id: 'service-startup',
    title: 'Service startup verification',
    cadence: 'monthly',
    verifies: [],
    run: 'dr health --comprehensive',
  },
  {
    id: 'full-simulation',
    title: 'Full disaster recovery simulation',
    cadence: 'quarterly',
    verifies: ['all'],
    scenario: 'complete-failure',
    shell: './scripts/disaster-recovery/dr-simulation.sh --scenario=complete-failure',
    run: 'dr drill --scenario complete-failure',
  },
  {
    id: 'cross-region-failover',
    title: 'Cross-region failover testing',
    cadence: 'quarterly',
    verifies: ['all'],
    scenario: 'complete-failure',
    run: 'dr drill --scenario complete-failure',
  },
  { id: 'team-response', title: 'Team response exercises', cadence: 'quarterly', verifies: [] },
  {
    id: 'complete-rebuild',
    title: 'Complete infrastructure rebuild',
    cadence: 'annual',
    verifies: ['all'],
    scenario: 'complete-failure',
    run: 'dr drill --scenario complete-failure',
  },
  {
    id: 'business-continuity',
    title: 'Business continuity validation',
    cadence: 'annual',
    verifies: [],
    shell: './scripts/disaster-recovery/bc-test.sh --full-simulation',
    run: 'dr drill --scenario all',
  },
  { id: 'third-party', title: 'Third-party integration testing', cadence: 'annual', verifies: [] },
];

/** Lines 249–254. */
export const team: Plan['team'] = [
  { role: 'Incident Commander', primary: 'CTO', secondary: 'Lead DevOps', contact: '+1-xxx-xxx-xxxx' },
  { role: 'Technical Lead', primary: 'Senior Engineer', secondary: 'Platform Engineer', contact: '+1-xxx-xxx-xxxx' },
  { role: 'Communications', primary: 'Product Manager', secondary: 'Marketing Lead', contact: '+1-xxx-xxx-xxxx' },
  { role: 'Business Continuity', primary: 'CEO', secondary: 'COO', contact: '+1-xxx-xxx-xxxx' },
];

export const channels: Plan['channels'] = {
  /** Lines 259–261. */
  internal: [
    { kind: 'slack', title: 'Slack', address: '#incident-response' },
    { kind: 'email', title: 'Email', address: 'incident-team@go-coffee.com' },
    { kind: 'phone', title: 'Phone', address: 'Conference bridge +1-xxx-xxx-xxxx' },
  ],
  /** Lines 264–266. */
  external: [
    { kind: 'status-page', title: 'Status Page', address: 'status.go-coffee.com' },
    { kind: 'support', title: 'Customer Support', address: 'support@go-coffee.com' },
    { kind: 'social', title: 'Social Media', address: '@GoCoffeePlatform' },
  ],
};

/** Lines 301–317. */
export const postRecovery: Plan['postRecovery'] = [
  {
    id: 'immediate',
    title: 'Immediate Actions',
    from: '0h',
    to: '24h',
    actions: [
      'Service validation and monitoring',
      'Performance assessment',
      'Data integrity verification',
      'Security audit',
    ],
  },
  {
    id: 'short-term',
    title: 'Short-term Actions',
    from: '1d',
    to: '7d',
    actions: ['Root cause analysis', 'Process improvement identification', 'Documentation updates', 'Team debriefing'],
  },
  {
    id: 'long-term',
    title: 'Long-term Actions',
    from: '1w',
    to: '4w',
    actions: [
      'Post-mortem publication',
      'Process improvements implementation',
      'Training updates',
      'DR plan revisions',
    ],
  },
];

const DR = 'scripts/disaster-recovery';

/** Lines 242, 348–360. */
export const scripts: Plan['scripts'] = [
  { path: `${DR}/backup.sh`, purpose: 'Main backup script', run: 'dr backup --kind full' },
  { path: `${DR}/verify-backup.sh`, purpose: 'Backup verification', run: 'dr verify' },
  { path: `${DR}/cleanup-old-backups.sh`, purpose: 'Cleanup script', run: 'dr prune' },
  { path: `${DR}/restore.sh`, purpose: 'Main restoration script', run: 'dr restore --to latest' },
  { path: `${DR}/dr-simulation.sh`, purpose: 'DR testing', run: 'dr drill' },
  { path: `${DR}/bc-test.sh`, purpose: 'Annual business continuity test', run: 'dr drill --scenario all' },
  { path: 'scripts/health-check.sh', purpose: 'Service validation', run: 'dr health' },
  { path: 'scripts/monitoring/backup-monitor.sh', purpose: 'Backup monitoring', run: 'dr objectives' },
  { path: 'scripts/monitoring/dr-readiness.sh', purpose: 'DR readiness check', run: 'dr readiness' },
  { path: 'scripts/monitoring/rto-rpo-monitor.sh', purpose: 'Objective monitoring', run: 'dr objectives' },
];

/** Lines 364–368. */
export const resources: Plan['resources'] = [
  { title: 'Backup and Restore Procedures', path: './BACKUP_PROCEDURES.md' },
  { title: 'Infrastructure Documentation', path: '../pkg/infrastructure/README.md' },
  { title: 'Monitoring Guide', path: './MONITORING_GUIDE.md' },
  { title: 'Security Incident Response', path: './SECURITY_INCIDENT_RESPONSE.md' },
  { title: 'Business Continuity Plan', path: './BUSINESS_CONTINUITY_PLAN.md' },
];

/** Lines 372–379; the written plan leaves both dates open. */
export const maintenance: Plan['maintenance'] = {
  reviews: [
    { cadence: 'monthly', what: 'Backup and recovery procedures' },
    { cadence: 'quarterly', what: 'Contact information and escalation procedures' },
    { cadence: 'annual', what: 'Complete plan review and testing scenarios' },
  ],
};
