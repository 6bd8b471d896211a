/** A failback: its request, its plan and its report. */
import type { FailoverReport } from '../types.ts';

export interface FailbackRequest {
  /** The stack that comes back. */
  readonly stack: string;
  /** The stack that leads now. */
  readonly of: string;
  /** Repository from which the returning site follows. @default its first in S3 that holds a full backup of the leader */
  readonly repository?: string | undefined;
  /** Permission to delete the volumes of the ended generation. */
  readonly deleteClaims: boolean;
}

/** What the returning site committed and the leader never received. */
export interface Divergence {
  /** Where the leader's history left this site's: `0/5000000` of that timeline. Undefined where the leader no longer knows. */
  readonly fork: { readonly lsn: string; readonly timeline: number } | undefined;
  /** Archived after the fork. */
  readonly segments: readonly { readonly repository: string; readonly names: readonly string[] }[];
  /** Position of its own leader, where one still runs. */
  readonly lsn: string | undefined;
  /** Written after the fork; undefined where its database does not run. */
  readonly bytes: number | undefined;
}

/** What remains to be done until the returning site follows. */
export type RecloneState =
  /** Stop it, empty it, and give it its next generation. */
  | 'to-empty'
  /** Its config has the next generation; the `up` was interrupted. */
  | 'to-bring-up'
  /** It follows the leader. */
  | 'follows';

/** What a repository holds of the leader's lineage: the newest point that has its database. */
export type CopyIn =
  | { readonly state: 'held'; readonly point: string }
  | { readonly state: 'empty' }
  | { readonly state: 'away'; readonly fact: string };

export interface ReclonePlan {
  readonly stack: string;
  readonly of: string;
  readonly state: RecloneState;
  /** The ended lineage; `next` is the one that begins. */
  readonly lineage: string;
  readonly next: { readonly site: string; readonly generation: number };
  readonly leader: {
    readonly lineage: string;
    readonly site: string;
    readonly generation: number;
    /** Namespace of its schedules. */
    readonly recovery: string;
  };
  readonly repository: string;
  /** By repository of the returning site. */
  readonly copies: Readonly<Record<string, CopyIn>>;
  /** Volume claims of the ended generation; their namespace and cluster follow. */
  readonly claims: readonly string[];
  readonly namespace: string;
  readonly cluster: string;
  readonly divergence: Divergence;
  /** The leader's first full backup: a standby is cloned from it. */
  readonly fullBackup: 'absent' | 'running' | 'done' | 'failed';
}

export interface RecloneReport {
  readonly plan: ReclonePlan;
  /** WAL position of the leader that the standby has reached. */
  readonly followsAt: string;
}

export interface FailbackReport {
  readonly reseed?: RecloneReport;
  readonly switchover?: FailoverReport;
  /** What the operator does next. */
  readonly next: readonly string[];
}
