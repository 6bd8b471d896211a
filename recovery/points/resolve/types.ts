/** Input and result of resolving a target. */
import type { CatalogEntry } from '../catalog/types.ts';
import type { UnreadablePoint } from '../catalog/unreadable.ts';
import type { WalEnds } from '../catalog/window.ts';
import type { Micros } from '../moment.ts';
import type { Capture } from '../point.ts';
import type { Target } from '../target.ts';

/** How far PostgreSQL replays: to the end of the archived WAL, only until the set is consistent, to a moment, or to a place in the WAL. */
export type ReplayMode = 'end-of-wal' | 'immediate' | 'time' | 'place';

/** Where in the archived WAL a target lies. */
export interface Place {
  readonly lineage: string;
  readonly timeline: number;
  /** `0/3000060`: the record at which replay stops. */
  readonly lsn: string;
  /** That record is still replayed: a restore point. Otherwise replay stops before it. */
  readonly inclusive: boolean;
  /** What the other stores are compared with: no later than the commit that replay stops before. */
  readonly at: Micros;
  /** With a transaction: it and those inside of it (savepoints), whose rows carry their ids. */
  readonly xids?: readonly string[];
}

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
  /** With mode `place`. */
  readonly place?: Place;
  /** How much older than the target the capture is; 0 where replay reaches it, and for the named point's own captures. */
  readonly skewSeconds: number;
}

export interface Resolution {
  readonly repository: string;
  readonly target: Target;
  /** In the order of the requested workloads. */
  readonly items: readonly ResolvedItem[];
  /** Requested workloads without a usable copy in this repository. */
  readonly missing: readonly string[];
  /** Workloads that were not requested, and of which this repository holds a usable copy. Sorted. */
  readonly unrequested: readonly string[];
  /** For people, a sentence each. */
  readonly warnings: readonly string[];
}

export interface ResolveInput {
  /** Id, for messages. */
  readonly repository: string;
  readonly entries: readonly CatalogEntry[];
  /** Points that a newer version of `dr` wrote. `latest` is refused where one of them may be the newest. @default none */
  readonly unreadable?: readonly UnreadablePoint[];
  readonly target: Target;
  /** Ids of the requested workloads. */
  readonly workloads: readonly string[];
  readonly now: Date;
  /** Where the target lies, when it is a place in the WAL. */
  readonly place?: Place | undefined;
  /** A place in the WAL is one of received WAL, which PostgreSQL itself finds: each workload takes its newest copy. @default false */
  readonly received?: boolean;
  /** Where a lineage's WAL ends. Without it the caller checks the WAL itself. */
  readonly walEnd?: WalEnds;
  /** Use points whose signature is bad or can't be verified. */
  readonly allowTampered?: boolean;
  /** Use points that are marked compromised, and replay past them. */
  readonly allowCompromised?: boolean;
  /** Use captures that hold much less than the ones before, and points whose clock or origin is in doubt. */
  readonly allowSuspect?: boolean;
  /** Ids of points that are gone and whose mark `compromised` stands. @default none */
  readonly compromisedGone?: readonly string[];
  /** Points that were removed, and that were newer than every one that is left. */
  readonly removed?: readonly string[];
}
