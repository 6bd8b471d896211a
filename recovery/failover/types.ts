/** A failover as it is asked for, planned and reported. */
import type { DrError } from '../core/errors.ts';
import type { ClusterPlace } from '../kubernetes/place.ts';
import type { Measured, TimelineEvent, Verification } from '../report/types.ts';

export interface OldSite {
  readonly cluster: ClusterPlace;
  /** Where its database and services are. */
  readonly platform: string;
  /** Where its CronJobs are. */
  readonly recovery: string;
}

export interface FailoverRequest {
  /** That becomes the leader. */
  readonly stack: string;
  /** The cluster of the site that is followed; where it can be named it can be stopped. */
  readonly old?: OldSite | undefined;
  /** Seconds of commits that may be lost. @default the RPO of the database's tier */
  readonly maxLossSeconds?: number | undefined;
  /** When the other site went away: the clock of the RTO starts here. @default now */
  readonly declaredAt?: Date | undefined;
  /** Take over although nothing could be stopped but by its own respect for a fence. */
  readonly allowUnfenced: boolean;
}

export interface Standby {
  readonly pod: string;
  readonly replayed: string | undefined;
  readonly lastCommit: string | undefined;
  /** Archived, and not replayed yet: the promotion does that first. */
  readonly behindBytes: number | undefined;
}

export type Reach<T> =
  | { readonly state: 'reached'; readonly found: T }
  | { readonly state: 'away'; readonly fact: string };

export interface OldCluster {
  readonly describe: string;
  /** Pods that would be stopped. */
  readonly pods: readonly string[];
  /** Its leader writes here; undefined where none answers. */
  readonly lsn: string | undefined;
  /** Written and not archived. */
  readonly unarchivedBytes: number | undefined;
}

export interface ExpectedLoss {
  readonly seconds: number;
  readonly bytes?: number | undefined;
  /** How it is known. */
  readonly why: string;
}

/** What was seen before anything is changed. JSON as it is. */
export interface FailoverPlan {
  readonly stack: string;
  readonly lineage: string;
  readonly follows: { readonly lineage: string; readonly repository: string };
  readonly newestWal: { readonly segment: string; readonly at: string; readonly ageSeconds: number } | undefined;
  /** New WAL within the time that a promotion wants without any. */
  readonly oldSiteWrites: boolean;
  readonly standby: Reach<Standby>;
  /** `unnamed`: nobody said where it is. */
  readonly oldCluster: Reach<OldCluster> | { readonly state: 'unnamed' };
  /** Repositories that the fence can be put into. */
  readonly fence: Readonly<Record<string, Reach<'open' | 'raised'>>>;
  readonly redis: { readonly point: string; readonly capturedAt: string; readonly ageSeconds: number } | undefined;
  readonly loss: ExpectedLoss;
  /** What a preview of the stack says: a program, secrets and accounts that work. */
  readonly preview: { readonly ok: boolean; readonly fact: string };
  readonly declaredAt: string;
}

export interface PlannedFailover {
  readonly plan: FailoverPlan;
  /** Why it can't be begun; the first one is thrown. */
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
  /** The first full copy of the new lineage. */
  readonly fullBackup: 'absent' | 'running' | 'done' | 'failed';
  /** What a person does next. */
  readonly next: readonly string[];
}
