/** Alarms on what S3 itself measures: what a bucket holds against its budget, and how far its replication is behind. */
import { DAY_SECONDS } from '../../../plan/duration.ts';
import type { Plan, StorageClass } from '../../../plan/types.ts';
import { type BucketSpec, replicatedPrefixes } from '../../config/buckets.ts';
import { REPLICATION_MINUTES } from '../storage/replication-rules.ts';

interface Metric {
  readonly namespace: 'AWS/S3';
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly period: number;
  readonly stat: string;
}

export interface MetricRule {
  readonly id: string;
  readonly description: string;
  /** Where S3 publishes the metric. */
  readonly region: string;
  /** Added up; one of them alone is enough to be compared. */
  readonly metrics: readonly Metric[];
  readonly evaluationPeriods: number;
  /** The alarm comes above it. */
  readonly threshold: number;
  readonly missing: 'ignore' | 'notBreaching';
}

const GIB = 1024 ** 3;

/** S3 tells the size of a bucket once a day and by storage class. */
const STORAGE_TYPES: Readonly<Record<StorageClass, string>> = {
  STANDARD: 'StandardStorage',
  STANDARD_IA: 'StandardIAStorage',
  ONEZONE_IA: 'OneZoneIAStorage',
  INTELLIGENT_TIERING: 'IntelligentTieringFAStorage',
  GLACIER_IR: 'GlacierInstantRetrievalStorage',
  GLACIER: 'GlacierStorage',
  DEEP_ARCHIVE: 'DeepArchiveStorage',
};

/** Versions that only wait for their retention count too: they are paid for. */
export function sizeRules({ thresholds }: Plan, spec: BucketSpec, budgetGiB: number): MetricRule[] {
  const { warningPercent, criticalPercent } = thresholds.storage;
  const classes: StorageClass[] = ['STANDARD', ...spec.transitions.map(({ storageClass }) => storageClass)];
  const metrics = [...new Set(classes)].map(
    (storageClass): Metric => ({
      namespace: 'AWS/S3',
      metricName: 'BucketSizeBytes',
      dimensions: { BucketName: spec.bucket, StorageType: STORAGE_TYPES[storageClass] },
      period: DAY_SECONDS,
      stat: 'Average',
    }),
  );
  const rule = (level: string, percent: number): MetricRule => ({
    id: `${spec.id}-size-${level}`,
    description: `${spec.bucket} holds more than ${percent}% of its budget of ${budgetGiB} GiB (${level}). dr prune --dry-run`,
    region: spec.region,
    metrics,
    evaluationPeriods: 1,
    threshold: (budgetGiB * GIB * percent) / 100,
    // A day's size comes a day late: until then the last one holds.
    missing: 'ignore',
  });
  return [rule('warning', warningPercent), rule('critical', criticalPercent)];
}

/** Latency is published where the copies arrive, failures where they come from. */
export function replicationMetricRules(environment: string, from: BucketSpec, to: BucketSpec): MetricRule[] {
  return replicatedPrefixes(environment).flatMap(({ id }) => {
    const metric = (metricName: string, stat: string): Metric => ({
      namespace: 'AWS/S3',
      metricName,
      dimensions: { SourceBucket: from.bucket, DestinationBucket: to.bucket, RuleId: id },
      period: 300,
      stat,
    });
    return [
      {
        id: `${from.id}-${id}-behind`,
        description: `${id} of ${from.bucket} is more than ${REPLICATION_MINUTES} min late in ${to.bucket}`,
        region: to.region,
        metrics: [metric('ReplicationLatency', 'Maximum')],
        evaluationPeriods: 3,
        threshold: REPLICATION_MINUTES * 60,
        // Without anything to copy there is nothing late.
        missing: 'notBreaching',
      },
      {
        id: `${from.id}-${id}-failed`,
        description: `S3 could not copy objects of ${id} from ${from.bucket} to ${to.bucket}`,
        region: from.region,
        metrics: [metric('OperationsFailedReplication', 'Sum')],
        evaluationPeriods: 1,
        threshold: 0,
        missing: 'notBreaching',
      },
    ];
  });
}
