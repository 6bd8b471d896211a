/** The plan's requirements for its S3 repositories, in the units of S3. */
import { DAY_SECONDS, type Duration, seconds } from '../../plan/duration.ts';
import { layout } from '../../plan/layout.ts';
import type { Plan, StorageClass } from '../../plan/types.ts';

export interface BucketSpec {
  /** The plan's id of the repository. */
  readonly id: string;
  readonly bucket: string;
  readonly region: string;
  readonly retentionDays: number;
  readonly lock: { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly days: number };
  /** By age, days ascending. */
  readonly transitions: readonly { readonly days: number; readonly storageClass: StorageClass }[];
}

/** Rounded up to whole days, so that nothing is removed too early. */
export function days(duration: Duration): number {
  return Math.ceil(seconds(duration) / DAY_SECONDS);
}

/** The S3 repositories that engines write. Throws RangeError for one without a region or a lock. */
export function bucketSpecs(plan: Plan): BucketSpec[] {
  return plan.repositories
    .filter(({ storage, written }) => storage === 's3' && written.by === 'engines')
    .map(({ id, location, region, retention, immutable, lifecycle }) => {
      if (region === undefined) throw new RangeError(`repository ${id} has no region`);
      if (immutable === undefined) throw new RangeError(`repository ${id} is not immutable`);
      return {
        id,
        bucket: location,
        region,
        retentionDays: days(retention),
        lock: { mode: immutable.mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE', days: days(immutable.lock) },
        transitions: lifecycle.map(({ after, storageClass }) => ({ days: days(after), storageClass })),
      };
    });
}

/** Prefixes that S3 may replicate: objects there are written once, have no order among them, and no RPO rests on them. */
export function replicatedPrefixes(environment: string): readonly { readonly id: string; readonly prefix: string }[] {
  const { evidencePrefix, incidentsPrefix, keysPrefix } = layout(environment);
  return [
    { id: 'evidence', prefix: evidencePrefix },
    { id: 'incidents', prefix: incidentsPrefix },
    { id: 'keys', prefix: keysPrefix },
  ];
}

/** Prefixes whose objects move to colder classes. restic reads its config, keys, index and snapshots often, so only packs move. */
export function bulkPrefixes(environment: string): readonly { readonly id: string; readonly prefix: string }[] {
  const { pgbackrestPrefix, restic } = layout(environment);
  return [
    { id: 'pgbackrest', prefix: pgbackrestPrefix },
    { id: 'restic-packs', prefix: `${restic}/data/` },
  ];
}
