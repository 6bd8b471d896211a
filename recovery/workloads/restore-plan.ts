/** The restore plan: everything that a restore will do, as a versioned JSON document. `--dry-run` prints it and stops. */
import { z } from 'zod';
import { extensionTypeSchema, TIERS, WORKLOAD_TYPES, type Workload } from '../../plan/types.ts';
import { badInput, type DrError } from '../core/errors.ts';
import { setLayoutSchema } from '../engines/pgbackrest/set-layout.ts';
import { captureSchema } from '../points/point.ts';

/** What is at the destination now. */
export const destinationState = z.enum(['absent', 'empty', 'occupied', 'alive']);
export type DestinationState = z.infer<typeof destinationState>;

const recoveryEnd = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('end-of-wal'), timeline: z.number().int() }),
  z.strictObject({ kind: z.literal('immediate'), timeline: z.number().int() }),
  z.strictObject({ kind: z.literal('time'), timeline: z.number().int(), time: z.iso.datetime() }),
  z.strictObject({ kind: z.literal('xid'), timeline: z.number().int(), xid: z.string(), lsn: z.string() }),
  z.strictObject({ kind: z.literal('lsn'), timeline: z.number().int(), lsn: z.string(), inclusive: z.boolean() }),
]);

const [postgresCapture, resticCapture] = captureSchema.options;
const shippedType = z.enum(WORKLOAD_TYPES);

const anyItem = {
  /** Id in the plan. */
  workload: z.string(),
  title: z.string(),
  tier: z.enum(TIERS),
  /** Id of the recovery point that lists the capture. */
  point: z.string(),
  /** Seconds between the target and the capture; 0 where replay reaches the target itself. */
  skewSeconds: z.number(),
  /** Absolute path. */
  destination: z.string(),
  state: destinationState,
};

/** A backup set of pgBackRest, and the WAL that is replayed on it. */
const setItem = z.strictObject({
  ...anyItem,
  type: shippedType.extract(['postgres']),
  capture: postgresCapture,
  /** Where replay ends. */
  end: recoveryEnd,
  /** Name of the last WAL segment that the repository holds without a gap. */
  walLast: z.string(),
  /** What the set puts outside of the data directory. Absent in journals of older versions. */
  layout: setLayoutSchema.optional(),
  /** Why what reaches out of the restored server stays off. Absent where the copy was taken of this very host. */
  heldBecause: z.string().optional(),
});

/** A snapshot of restic. */
const snapshotItem = z.strictObject({
  ...anyItem,
  type: z.union([shippedType.exclude(['postgres']), extensionTypeSchema]),
  capture: resticCapture,
});

/** One workload of a restore. The type of the workload says which engine holds its copies. */
const item = z.union([setItem, snapshotItem]);
export type SetItem = z.infer<typeof setItem>;
export type SnapshotItem = z.infer<typeof snapshotItem>;
export type RestoreItem = SetItem | SnapshotItem;

function heldOtherwise({ id, type }: Workload, held: string): DrError {
  return badInput({
    code: 'CAPTURE-TYPE',
    where: id,
    fact: `the plan says that its type is "${type}", and the point holds ${held} of it`,
    hint: 'name the plan of that time in the environment file (`plan: /absolute/path`), or choose other workloads with --only',
  });
}

/** The type of a workload whose copy is a set of pgBackRest. Throws `CAPTURE-TYPE` (exit 2) where the plan says otherwise. */
export function setTypeOf(workload: Workload): SetItem['type'] {
  if (workload.type === 'postgres') return workload.type;
  throw heldOtherwise(workload, 'a backup set of pgBackRest');
}

/** The type of a workload whose copy is a snapshot of restic. Throws `CAPTURE-TYPE` (exit 2) where the plan says otherwise. */
export function snapshotTypeOf(workload: Workload): SnapshotItem['type'] {
  if (workload.type !== 'postgres') return workload.type;
  throw heldOtherwise(workload, 'a snapshot of restic');
}

export const restorePlanSchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('RestorePlan'),
  /** Sortable id, also the journal's name. */
  id: z.string(),
  environment: z.string(),
  site: z.string(),
  repository: z.string(),
  /** The repository is read as it was at this moment. */
  repositoryTime: z.iso.datetime().optional(),
  target: z.string(),
  declaredAt: z.iso.datetime(),
  items: z.array(item),
  /** Workloads that were asked for and that no point of the repository holds. */
  missing: z.array(z.string()),
  services: z.array(z.strictObject({ id: z.string(), tier: z.enum(TIERS) })),
  /** Services are stopped first and started in tier order when data that they use is replaced. */
  touchesServices: z.boolean(),
  /** Moment of the last commit in the repository's WAL, when PostgreSQL is among the items. */
  lastCommit: z.iso.datetime().optional(),
  bytes: z.number(),
  /** What is overwritten of PostgreSQL is moved beside it where there is room. */
  keepDamaged: z.literal(true).optional(),
  warnings: z.array(z.string()),
});
export type RestorePlan = z.infer<typeof restorePlanSchema>;
