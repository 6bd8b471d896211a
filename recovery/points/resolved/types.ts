/** The resolved recovery point that a stack is made from. The stack stores it in its outputs and reads it back from there. */
import { z } from 'zod';
import { OBJECT_PARTS } from '../../../plan/types.ts';
import { pointIdSchema } from '../point.ts';

const timeline = z.int().positive();

const pinnedEnd = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('end-of-wal'), timeline }),
  z.strictObject({ kind: z.literal('immediate'), timeline }),
  z.strictObject({ kind: z.literal('time'), timeline, time: z.iso.datetime() }),
]);
export type ReplayEnd = z.infer<typeof pinnedEnd>;

const pinnedFiles = z.strictObject({
  workload: z.string(),
  point: pointIdSchema,
  snapshot: z.string(),
  capturedAt: z.iso.datetime(),
});
/** The snapshot of a folder. */
export type ResolvedFiles = z.infer<typeof pinnedFiles>;

const pinnedObjects = pinnedFiles.extend({ part: z.enum(OBJECT_PARTS) });
/** The snapshot of one part of the platform's Kubernetes objects. */
export type ResolvedManifests = z.infer<typeof pinnedObjects>;

export const resolvedPointSchema = z.strictObject({
  /** As in the config. */
  from: z.string(),
  repository: z.string(),
  /** Absent where the point has dumps of an external server alone. */
  postgres: z
    .strictObject({
      point: pointIdSchema,
      /** `<site>-<generation>` that wrote the set. */
      lineage: z.string(),
      set: z.string(),
      end: pinnedEnd,
      capturedAt: z.iso.datetime(),
      systemId: z.string(),
      serverVersion: z.string(),
    })
    .optional(),
  /** Dumps of a server that stayed where it was: they are loaded into a fresh one. Absent with `postgres`. */
  dump: pinnedFiles.extend({ serverVersion: z.string() }).optional(),
  /** Base backup and received WAL of such a server, which reach the target. Absent with `postgres`. */
  wal: pinnedFiles.extend({ serverVersion: z.string() }).optional(),
  /** Absent where the repository holds no copy. */
  redis: z.strictObject({ point: pointIdSchema, snapshot: z.string(), capturedAt: z.iso.datetime() }).optional(),
  /** Absent in outputs of an earlier version; empty where the repository holds none. */
  objects: z.array(pinnedObjects).optional(),
  files: z.array(pinnedFiles).optional(),
});
export type ResolvedPoint = z.infer<typeof resolvedPointSchema>;

/** Id of the point that the database comes from. */
export function pointOf({ postgres, dump }: Pick<ResolvedPoint, 'postgres' | 'dump'>): string {
  return postgres?.point ?? dump?.point ?? '';
}
