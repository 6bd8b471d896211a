/** What the plan asks of its S3 repositories, in the units of S3. */
import { seconds } from '../../plan/duration.ts';
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

/** Part of a day counts as a whole one: nothing goes before its time. */
export function days(duration: Parameters<typeof seconds>[0]): number {
  return Math.ceil(seconds(duration) / 86_400);
}

/** The repositories that engines write to S3. Throws RangeError for one without a region or a lock: both are why there are two. */
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

/** Written once and never changed, so S3 may copy it: no order between objects, no chain, no RPO that rests on it. */
export function replicatedPrefixes(environment: string): readonly { readonly id: string; readonly prefix: string }[] {
  const { evidencePrefix, incidentsPrefix, keysPrefix } = layout(environment);
  return [
    { id: 'evidence', prefix: evidencePrefix },
    { id: 'incidents', prefix: incidentsPrefix },
    { id: 'keys', prefix: keysPrefix },
  ];
}

/** Where the engines keep their bulk. restic reads its config, keys, index and snapshots all the time, so only packs move. */
export function bulkPrefixes(environment: string): readonly { readonly id: string; readonly prefix: string }[] {
  const { pgbackrestPrefix, restic } = layout(environment);
  return [
    { id: 'pgbackrest', prefix: pgbackrestPrefix },
    { id: 'restic-packs', prefix: `${restic}/data/` },
  ];
}
