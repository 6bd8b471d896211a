/** Goals, objectives and tiers. "Line" is the line of the written plan, version 1.0. */
import type { Plan, Tier } from '../types.ts';

/** Lines 19–23. */
export const goals: Plan['goals'] = [
  'Automated daily backups of all critical data and configurations',
  'Multi-region backup storage with S3 and local redundancy',
  'Comprehensive recovery procedures for different disaster scenarios',
  'Regular testing and validation of recovery processes',
  'Clear communication protocols for incident management',
];

export const objectives: Plan['objectives'] = {
  rto: {
    /** Line 36. */
    critical: '4h',
    /** Line 37. */
    nonCritical: '24h',
    /** Line 38. */
    full: '8h',
  },
  rpo: {
    /** Line 41: continuous replication. */
    database: '1h',
    /** Line 42: scheduled backups. */
    applicationData: '4h',
    /** Line 43: daily backups. */
    configuration: '24h',
  },
  /** Not in the written plan: decision `rto-scope`. */
  scope: { critical: ['P1', 'P2'], full: ['P1', 'P2', 'P3'], nonCritical: ['P4'] },
};

export const tiers: Tier[] = [
  {
    /** Line 49. */
    id: 'P1',
    name: 'Critical',
    rto: '2h',
    rpo: '1h',
    services: [
      { id: 'auth-service', title: 'Auth Service' },
      { id: 'postgres', title: 'Database' },
      { id: 'redis', title: 'Redis' },
    ],
  },
  {
    /** Line 50. */
    id: 'P2',
    name: 'High',
    rto: '4h',
    rpo: '4h',
    services: [
      { id: 'payment-service', title: 'Payment Processing' },
      { id: 'order-service', title: 'Order Management' },
    ],
  },
  {
    /** Line 51. */
    id: 'P3',
    name: 'Medium',
    rto: '8h',
    rpo: '24h',
    services: [
      { id: 'ai-search', title: 'AI Search' },
      { id: 'analytics', title: 'Analytics' },
    ],
  },
  {
    /** Line 52. */
    id: 'P4',
    name: 'Low',
    rto: '24h',
    rpo: '24h',
    services: [
      { id: 'monitoring', title: 'Monitoring' },
      { id: 'logging', title: 'Logging' },
    ],
  },
];

/** 3-2-1-1-0: three copies, two kinds of storage, one off site, one immutable, none unverified. */
export const copyRule: Plan['copyRule'] = { copies: 3, storageKinds: 2, offsite: 1, immutable: 1, unverified: 0 };
