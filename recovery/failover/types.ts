/** A failover: its request, its plan and its report. */
import { z } from 'zod';
import type { Namespaces } from '../../plan/declared/namespaces.ts';
import type { DrError } from '../core/errors.ts';
import type { ClusterLocation } from '../kubernetes/location.ts';
import { DEFAULT_SEGMENT_BYTES } from '../points/wal-segment.ts';
import type { Measured, TimelineEvent, Verification } from '../report/types.ts';

export interface OldSite {
  readonly cluster: ClusterLocation;
  readonly namespaces: Namespaces;
}

export interface FailoverRequest {
  /** The stack that becomes the leader. */
  readonly stack: string;
  /** The cluster of the followed site. Without it that site can't be stopped. */
  readonly old?: OldSite | undefined;
  /** Seconds of commits that may be lost. @default the RPO of the database's tier */
  readonly maxLossSeconds?: number | undefined;
  /** When the other site failed: the RTO clock starts here. @default now */
  readonly declaredAt?: Date | undefined;
  /** Take over although the old site could not be stopped: then only the fence keeps it from leading. */
  readonly allowUnfenced: boolean;
}

export type Reach<T> =
  | { readonly state: 'reached'; readonly found: T }
  /** `code` as of a DrError. */
  | { readonly state: 'away'; readonly fact: string; readonly code?: string | undefined };

function reachOf<T extends z.ZodType>(found: T) {
  return z.discriminatedUnion('state', [
    z.object({ state: z.literal('reached'), found }).readonly(),
    z.object({ state: z.literal('away'), fact: z.string(), code: z.string().optional() }).readonly(),
  ]);
}

const standbySchema = z
  .object({
    pod: z.string(),
    replayed: z.string().optional(),
    lastCommit: z.string().optional(),
    /** Archived and not replayed yet: the promotion replays it first. */
    behindBytes: z.number().optional(),
    /** Of a WAL segment. A journal of an older version lacks it. */
    segmentBytes: z.number().default(DEFAULT_SEGMENT_BYTES),
  })
  .readonly();
export type Standby = z.infer<typeof standbySchema>;

const oldClusterSchema = z
  .object({
    describe: z.string(),
    /** Pods that would be stopped. */
    pods: z.array(z.string()).readonly(),
    /** WAL position of its leader; undefined where no leader answers. */
    lsn: z.string().optional(),
    /** Written and not archived. */
    unarchivedBytes: z.number().optional(),
  })
  .readonly();
export type OldCluster = z.infer<typeof oldClusterSchema>;

const lossSchema = z
  .object({
    /** Infinite where the archive holds no WAL; JSON has no such number and keeps `null`. */
    seconds: z
      .number()
      .nullable()
      .transform((seconds) => seconds ?? Number.POSITIVE_INFINITY),
    bytes: z.number().optional(),
    /** How the figure is known. */
    why: z.string(),
  })
  .readonly();
export type ExpectedLoss = z.infer<typeof lossSchema>;

/** The state of both sites before anything is changed. A run that is resumed reads it from its journal. */
export const planSchema = z
  .object({
    stack: z.string(),
    lineage: z.string(),
    follows: z.object({ lineage: z.string(), repository: z.string() }).readonly(),
    newestWal: z.object({ segment: z.string(), at: z.string(), ageSeconds: z.number() }).readonly().optional(),
    /** New WAL arrived within the archive silence that a promotion requires. */
    oldSiteWrites: z.boolean(),
    standby: reachOf(standbySchema),
    /** `unnamed`: the request does not name the cluster. */
    oldCluster: z.union([reachOf(oldClusterSchema), z.object({ state: z.literal('unnamed') }).readonly()]),
    /** Repositories that can take the fence. */
    fence: z.record(z.string(), reachOf(z.enum(['open', 'raised']))).readonly(),
    /** Repositories that do not answer: the new leader begins without them. A journal of an older version lacks it. */
    detach: z.array(z.string()).readonly().default([]),
    redis: z.object({ point: z.string(), capturedAt: z.string(), ageSeconds: z.number() }).readonly().optional(),
    loss: lossSchema,
    /** Whether a preview of the stack succeeds: its program, secrets and accounts work. */
    preview: z.object({ ok: z.boolean(), fact: z.string() }).readonly(),
    declaredAt: z.string(),
  })
  .readonly();
export type FailoverPlan = z.infer<typeof planSchema>;

export interface PlannedFailover {
  readonly plan: FailoverPlan;
  /** Reasons why it can't begin; the first one is thrown. */
  readonly refusals: readonly DrError[];
}

export interface FailoverReport {
  readonly stack: string;
  readonly lineage: string;
  readonly plan: FailoverPlan;
  readonly declaredAt: string;
  readonly endedAt: string;
  /** Seconds from the declared moment to the verified leader, or to the checked services of its tier where the stack has them. */
  readonly rto: Measured;
  /** Seconds between the declared moment and the last commit that arrived. */
  readonly rpo: Measured;
  readonly fenced: 'cluster' | 'object only';
  readonly verification: readonly Verification[];
  readonly timeline: readonly TimelineEvent[];
  /** The first full backup of the new lineage. */
  readonly fullBackup: 'absent' | 'running' | 'done' | 'failed';
  /** What the operator does next. */
  readonly next: readonly string[];
}
