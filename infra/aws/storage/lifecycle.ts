/**
 * Lifecycle rules of a repository's bucket. Current objects never expire by age, because new backups and snapshots still refer to old
 * files. Engines add delete markers to files that they no longer need; S3 removes the versions below a marker after the retention.
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

/** Colder classes bill at least this size for each object, and each move costs a request. So small metadata stays in STANDARD. */
const SMALLEST_MOVED_BYTES = 128 * 1024;

/** No upload takes as long: the longest backup run is a fraction of a day, and a restarted engine begins a new upload. */
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
      // S3 counts from the delete marker, not from the upload: an intruder's deletion can be undone for the whole retention.
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
