/** A failback as it is asked for, and what was seen before anything is changed. */
import type { FailoverReport } from '../types.ts';

export interface FailbackRequest {
  /** That comes back. */
  readonly stack: string;
  /** That leads now. */
  readonly of: string;
  /** That the returning site follows from. @default the first in S3 of its own */
  readonly repository?: string | undefined;
  /** Leave to delete the volumes of the life that is over. */
  readonly deleteClaims: boolean;
}

/** What the returning site committed and the leader never had. */
export interface Divergence {
  /** Where the leader's history left it: `0/5000000` of that timeline. Undefined where the leader does not know any more. */
  readonly fork: { readonly lsn: string; readonly timeline: number } | undefined;
  /** Archived after the fork. */
  readonly segments: readonly { readonly repository: string; readonly names: readonly string[] }[];
  /** Of its own leader, where one still runs. */
  readonly lsn: string | undefined;
  /** Written after the fork, as far as it can be seen; undefined where its database does not run. */
  readonly bytes: number | undefined;
}

/** What still has to be done until the returning site follows. */
export type ReseedState =
  /** It is to be stopped, emptied, and given its next generation. */
  | 'to-empty'
  /** Its config has the next generation; the `up` has not ended. */
  | 'to-bring-up'
  /** It follows the leader. */
  | 'follows';

export interface ReseedPlan {
  readonly stack: string;
  readonly of: string;
  readonly state: ReseedState;
  /** That is over, and that begins. */
  readonly lineage: string;
  readonly next: { readonly site: string; readonly generation: number };
  readonly leader: { readonly lineage: string; readonly site: string; readonly generation: number };
  readonly repository: string;
  /** Claims of the life that is over, and where they are. */
  readonly claims: readonly string[];
  readonly namespace: string;
  readonly cluster: string;
  readonly divergence: Divergence;
  /** Of the leader's first full copy: without one nothing can be laid down. */
  readonly fullBackup: 'absent' | 'running' | 'done' | 'failed';
}

export interface ReseedReport {
  readonly plan: ReseedPlan;
  /** Place in the WAL that the leader had when the standby had it too. */
  readonly followsAt: string;
}

export interface FailbackReport {
  readonly reseed?: ReseedReport;
  readonly switchover?: FailoverReport;
  /** What a person does next. */
  readonly next: readonly string[];
}
