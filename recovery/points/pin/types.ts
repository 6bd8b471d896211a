/** What a stack is made from, once a target has been resolved: it stands in the stack's outputs and is read back from there. */
import { z } from 'zod';
import { OBJECT_PARTS } from '../../../plan/types.ts';
import { pointIdSchema } from '../point.ts';

const timeline = z.int().positive();

const pinnedEnd = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('end-of-wal'), timeline }),
  z.strictObject({ kind: z.literal('immediate'), timeline }),
  z.strictObject({ kind: z.literal('time'), timeline, time: z.iso.datetime() }),
]);
export type PinnedEnd = z.infer<typeof pinnedEnd>;

const pinnedFiles = z.strictObject({
  workload: z.string(),
  point: pointIdSchema,
  snapshot: z.string(),
  capturedAt: z.iso.datetime(),
});
/** A folder of the platform. */
export type PinnedFiles = z.infer<typeof pinnedFiles>;

const pinnedObjects = pinnedFiles.extend({ part: z.enum(OBJECT_PARTS) });
/** One part of what the platform's Kubernetes API held. */
export type PinnedObjects = z.infer<typeof pinnedObjects>;

export const pinSchema = z.strictObject({
  /** As it stands in the config. */
  from: z.string(),
  repository: z.string(),
  postgres: z.strictObject({
    point: pointIdSchema,
    /** `<site>-<generation>` that wrote the set. */
    lineage: z.string(),
    set: z.string(),
    end: pinnedEnd,
    capturedAt: z.iso.datetime(),
    systemId: z.string(),
    serverVersion: z.string(),
  }),
  /** Absent where the repository holds no copy. */
  redis: z.strictObject({ point: pointIdSchema, snapshot: z.string(), capturedAt: z.iso.datetime() }).optional(),
  /** Absent in a stack that began before these were pinned; empty where the repository holds none. */
  objects: z.array(pinnedObjects).optional(),
  files: z.array(pinnedFiles).optional(),
});
export type Pin = z.infer<typeof pinSchema>;
