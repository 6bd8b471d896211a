/**
 * Lifecycle rules of a repository's bucket. No current object ever expires by age: young backups and snapshots still refer to old
 * files. Engines remove what they no longer need, by delete markers; what lies under a marker goes after the retention.
 */
import { type BucketSpec, bulkPrefixes } from '../../config/buckets.ts';

export interface LifecycleRule {
  readonly id: string;
  readonly status: 'Enabled';
  readonly filter:
    | { readonly prefix: string }
    | { readonly and: { readonly prefix: string; readonly objectSizeGreaterThan: number } };
  readonly transitions?: { readonly days: number; readonly storageClass: string }[];
  readonly noncurrentVersionExpiration?: { readonly noncurrentDays: number };
  readonly expiration?: { readonly expiredObjectDeleteMarker: true };
  readonly abortIncompleteMultipartUpload?: { readonly daysAfterInitiation: number };
}

/** Below this the colder classes bill as much, and moving costs a request besides. Small metadata stays at hand. */
const SMALLEST_MOVED_BYTES = 128 * 1024;

/** No upload takes longer: the longest backup run is a fraction of a day, and an engine that starts again begins a new upload. */
const ABANDONED_UPLOAD_DAYS = 7;

function transitionRules(spec: BucketSpec, environment: string): LifecycleRule[] {
  if (spec.transitions.length === 0) return [];
  return bulkPrefixes(environment).map(({ id, prefix }) => ({
    id: `${id}-by-age`,
    status: 'Enabled',
    filter: { and: { prefix, objectSizeGreaterThan: SMALLEST_MOVED_BYTES - 1 } },
    transitions: spec.transitions.map((transition) => ({ ...transition })),
  }));
}

export function lifecycleRules(spec: BucketSpec, environment: string): LifecycleRule[] {
  return [
    ...transitionRules(spec, environment),
    {
      id: 'noncurrent-after-retention',
      status: 'Enabled',
      filter: { prefix: '' },
      // Counted from the delete marker, not from the upload: an intruder's deletion can be undone for as long as the retention.
      noncurrentVersionExpiration: { noncurrentDays: Math.max(spec.retentionDays, spec.lock.days) },
    },
    {
      id: 'expired-delete-markers',
      status: 'Enabled',
      filter: { prefix: '' },
      expiration: { expiredObjectDeleteMarker: true },
    },
    {
      id: 'abandoned-uploads',
      status: 'Enabled',
      filter: { prefix: '' },
      abortIncompleteMultipartUpload: { daysAfterInitiation: ABANDONED_UPLOAD_DAYS },
    },
  ];
}
