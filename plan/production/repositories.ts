/** Storage (lines 95–113): three headings of the plan, four repositories, because S3 has two regions. */
import type { PlanRepository } from '../types.ts';

/**
 * Glacier Instant Retrieval, because colder classes take hours to thaw and break the RTO (decision `glacier-instant`).
 * 30 days is the minimum that S3 keeps an object in STANDARD before IA.
 */
const S3_LIFECYCLE: PlanRepository['lifecycle'] = [
  { after: '30d', storageClass: 'STANDARD_IA' },
  { after: '60d', storageClass: 'GLACIER_IR' },
];

/** As long as the retention: a shorter lock would leave old packs deletable that young snapshots still refer to. */
const S3_LOCK: NonNullable<PlanRepository['immutable']> = { mode: 'governance', lock: '90d' };

export const repositories: PlanRepository[] = [
  {
    /** Lines 97–101. */
    id: 'local',
    title: 'Local storage',
    planName: 'Primary Storage (Local)',
    storage: 'posix',
    location: '/var/backups/go-coffee/',
    retention: '30d',
    encryption: 'aes-256',
    compression: 'gzip',
    lifecycle: [],
    offsite: false,
    written: { by: 'engines', copyDelay: '0s' },
  },
  {
    /** Lines 103–107, first region. */
    id: 'primary',
    title: 'S3, first region',
    planName: 'Secondary Storage (S3)',
    storage: 's3',
    location: 'go-coffee-backups',
    region: 'us-east-1',
    retention: '90d',
    encryption: 'aes-256',
    compression: 'zstd',
    lifecycle: S3_LIFECYCLE,
    immutable: S3_LOCK,
    offsite: true,
    written: { by: 'engines', copyDelay: '5m' },
  },
  {
    /** Lines 103–107, second region; decision `bucket-names`. */
    id: 'secondary',
    title: 'S3, second region',
    planName: 'Secondary Storage (S3)',
    storage: 's3',
    location: 'go-coffee-backups-eu-west-1',
    region: 'eu-west-1',
    retention: '90d',
    encryption: 'aes-256',
    compression: 'zstd',
    lifecycle: S3_LIFECYCLE,
    immutable: S3_LOCK,
    offsite: true,
    // This copy starts when the one in the first region is complete.
    written: { by: 'engines', copyDelay: '10m' },
  },
  {
    /** Lines 109–113. */
    id: 'offsite',
    title: 'Encrypted drives at a partner',
    planName: 'Tertiary Storage (Offsite)',
    storage: 'drive',
    location: 'Partner data center',
    retention: '1y',
    encryption: 'aes-256',
    compression: 'zstd',
    lifecycle: [],
    offsite: true,
    // After the full backup and the configuration snapshot of Sunday.
    written: { by: 'export', cron: '0 6 * * 0', longestRun: '12h', transport: 'Encrypted drives' },
  },
];
