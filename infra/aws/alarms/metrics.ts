/** Alarms on S3's own metrics: the size of a bucket compared with its budget, and the delay of its replication. */
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
  /** The alarm compares their sum. Metrics without data are ignored. */
  readonly metrics: readonly Metric[];
  readonly evaluationPeriods: number;
  /** The alarm fires above this value. */
  readonly threshold: number;
  readonly missing: 'ignore' | 'notBreaching';
}

const GIB = 1024 ** 3;

/** S3 reports the size of a bucket once a day and by storage class. */
const STORAGE_TYPES: Readonly<Record<StorageClass, string>> = {
  STANDARD: 'StandardStorage',
  STANDARD_IA: 'StandardIAStorage',
  ONEZONE_IA: 'OneZoneIAStorage',
  INTELLIGENT_TIERING: 'IntelligentTieringFAStorage',
  GLACIER_IR: 'GlacierInstantRetrievalStorage',
  GLACIER: 'GlacierStorage',
  DEEP_ARCHIVE: 'DeepArchiveStorage',
};

/** The size includes noncurrent versions, because they are billed too. */
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
    // S3 reports a day's size a day late. Until then the alarm keeps its state.
    missing: 'ignore',
  });
  return [rule('warning', warningPercent), rule('critical', criticalPercent)];
}

/** S3 publishes the latency in the destination's region and failures in the source's region. */
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
        // S3 reports no latency while there is nothing to copy.
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
