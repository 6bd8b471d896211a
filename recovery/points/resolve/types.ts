/** What a resolution is given and what it gives. */
import type { CatalogEntry } from '../catalog/types.ts';
import type { WalEnds } from '../catalog/window.ts';
import type { Capture } from '../point.ts';
import type { Target } from '../target.ts';

/** How far PostgreSQL replays: all archived WAL, only to where the set is consistent, or to a moment. */
export type ReplayMode = 'end-of-wal' | 'immediate' | 'time';

export interface ResolvedItem {
  readonly workload: string;
  /** Names lineage, set and timeline, or the snapshot. */
  readonly capture: Capture;
  /** Id of the point that lists the capture. */
  readonly point: string;
  /** PostgreSQL only. */
  readonly mode?: ReplayMode;
  /** With mode `time`: ISO 8601. */
  readonly time?: string;
  /** Age of the capture at the moment of the target; 0 where replay reaches it, or for the named point's own captures. */
  readonly skewSeconds: number;
}

export interface Resolution {
  readonly repository: string;
  readonly target: Target;
  /** In the order in which the workloads were asked for. */
  readonly items: readonly ResolvedItem[];
  /** Workloads that were asked for and of which this repository holds no copy to take. */
  readonly missing: readonly string[];
  /** For people, a sentence each. */
  readonly warnings: readonly string[];
}

export interface ResolveInput {
  /** Id, for messages. */
  readonly repository: string;
  readonly entries: readonly CatalogEntry[];
  readonly target: Target;
  /** Ids of the workloads that are wanted. */
  readonly workloads: readonly string[];
  readonly now: Date;
  /** Where a lineage's WAL ends. Unknown: the caller checks the WAL itself. */
  readonly walEnd?: WalEnds;
  /** Take points whose signature is bad or can't be checked. */
  readonly allowTampered?: boolean;
  /** Take points that are marked compromised, and replay past them. */
  readonly allowCompromised?: boolean;
}
