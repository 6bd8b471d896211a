/** S3's own replication, for objects that are written once. It excludes data of the engines: see docs/architecture.md. */
import { replicatedPrefixes } from '../../config/buckets.ts';

/** The only value that S3 accepts for its replication time control. */
export const REPLICATION_MINUTES = 15;

export interface Destination<T> {
  /** ARN of the bucket. */
  readonly bucket: T;
  /** ARN of the key in the destination's region. */
  readonly key: T;
}

/** `T` is text or an Output of text. The number of rules depends on neither. */
export function replicationRules<T>(environment: string, { bucket, key }: Destination<T>) {
  return replicatedPrefixes(environment).map(({ id, prefix }, n) => ({
    id,
    priority: n + 1,
    status: 'Enabled',
    filter: { prefix },
    // An intruder's deletion must not be replicated.
    deleteMarkerReplication: { status: 'Disabled' },
    sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
    destination: {
      bucket,
      encryptionConfiguration: { replicaKmsKeyId: key },
      replicationTime: { status: 'Enabled', time: { minutes: REPLICATION_MINUTES } },
      metrics: { status: 'Enabled', eventThreshold: { minutes: REPLICATION_MINUTES } },
    },
  }));
}
