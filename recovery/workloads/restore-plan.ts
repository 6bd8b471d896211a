/** The restore plan: everything that a restore will do, as a versioned JSON document. `--dry-run` prints it and stops. */
import { z } from 'zod';
import { TIERS, WORKLOAD_TYPES } from '../../plan/types.ts';
import { captureSchema } from '../points/point.ts';

/** What is at the destination now. */
export const destinationState = z.enum(['absent', 'empty', 'occupied', 'alive']);
export type DestinationState = z.infer<typeof destinationState>;

const recoveryEnd = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('end-of-wal'), timeline: z.number().int() }),
  z.strictObject({ kind: z.literal('immediate'), timeline: z.number().int() }),
  z.strictObject({ kind: z.literal('time'), timeline: z.number().int(), time: z.iso.datetime() }),
]);

const item = z.strictObject({
  workload: z.string(),
  type: z.enum(WORKLOAD_TYPES),
  title: z.string(),
  tier: z.enum(TIERS),
  capture: captureSchema,
  point: z.string(),
  /** Seconds between the target and the capture; 0 where replay reaches the target itself. */
  skewSeconds: z.number(),
  destination: z.string(),
  state: destinationState,
  /** PostgreSQL only: where replay ends. */
  end: recoveryEnd.optional(),
  /** PostgreSQL only: the last WAL segment that the repository holds without a gap. */
  walLast: z.string().optional(),
});
export type RestoreItem = z.infer<typeof item>;

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
  warnings: z.array(z.string()),
});
export type RestorePlan = z.infer<typeof restorePlanSchema>;
