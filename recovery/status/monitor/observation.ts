/** What one refresh observed, as moments and not as ages: an age is computed for each request, and so keeps growing. */
import type { Incident } from '../../incident/incident.ts';
import type { Fence } from '../../points/fence-document.ts';
import type { Measurement } from '../../report/measurements.ts';
import type { Copy } from '../objectives.ts';

export interface RepositoryObservation {
  readonly id: string;
  readonly reachable: boolean;
  /** A drive of off-site copies that is not mounted, or that this site does not know. It need not answer; its age is what the marks say. */
  readonly away?: boolean;
  /** Why it is unreachable. */
  readonly fact?: string;
  /** False until it was reached once: until then nothing is known of its content. */
  readonly known: boolean;
  /** When the newest trusted copy of each workload was made. */
  readonly newest: ReadonlyMap<string, Date>;
  /** Workloads that the newest run that tried them could not copy to this repository. */
  readonly failed: ReadonlySet<string>;
  readonly newestFull?: Date;
  /** When the last verification passed: a trial restore marked a point, or `dr verify` found nothing wrong. */
  readonly verifiedAt?: Date;
  /** Since when something in it was not read back: its last reading, or when it was written. */
  readonly unreadSince?: Date;
  /** False: a point was altered or removed, or its last verification failed. */
  readonly sound: boolean;
  /** What makes it unsound. */
  readonly problems: readonly string[];
  /** When each workload of it was last restored to a scratch place and queried; without an entry: never. */
  readonly trials?: ReadonlyMap<string, Date>;
  /** Moments that each workload can be recovered to, without the archived WAL after the newest set. */
  readonly windows?: readonly ObservedWindow[];
  /** Size of each workload's data, oldest first: the newest of each day. */
  readonly sizes?: readonly ObservedSize[];
  /** What lies beside the data and is not in the newest copy of its workload. */
  readonly notCopied?: readonly { readonly workload: string; readonly what: string }[];
}

export interface ObservedWindow {
  readonly workload: string;
  readonly from: Date;
  readonly to: Date;
}

export interface ObservedSize {
  readonly at: Date;
  readonly workload: string;
  readonly bytes: number;
}

/** A replication slot of the server: it keeps WAL for a follower, which may be gone. */
export interface SlotObservation {
  readonly slot: string;
  /** A follower is connected. */
  readonly active: boolean;
  readonly keptBytes: number;
}

export interface WalObservation {
  readonly lastArchived?: Date;
  readonly waiting?: number;
  /** What the server has of it on its disk. */
  readonly bytes?: number;
  /** As the server reported it at that moment; it grows by itself. */
  readonly standbyLag?: { readonly seconds: number; readonly at: Date };
  readonly slots?: readonly SlotObservation[];
}

export type AnsweringParty = 'postgres' | 'redis' | 'kubernetes';

/** What the exporter watches. */
export type WatchedKind = 'workload' | 'repository' | 'scenario' | 'schedule';

/** By kind, a slash and the id: `workload/redis`. */
export type WatchedSince = ReadonlyMap<`${WatchedKind}/${string}`, Date>;

export interface Observation {
  readonly at: Date;
  readonly repositories: readonly RepositoryObservation[];
  readonly wal?: WalObservation;
  readonly volumes: readonly { readonly volume: string; readonly usedRatio: number }[];
  /** In reachable repositories. `judgeObjectives` chooses the newest. */
  readonly copies: readonly Copy[];
  readonly measurements: readonly Measurement[];
  /** Another site leads, and this one must not continue as if it did. */
  readonly fence?: Fence;
  /** Of `dr.yaml`. Without a date: it can't be read. */
  readonly certificates?: readonly { readonly name: string; readonly expires?: Date }[];
  /** Whether what the exporter asks itself answered. */
  readonly answers?: Readonly<Partial<Record<AnsweringParty, boolean>>>;
  /** Since when each thing is watched; absent where that is not known, and then nothing is excused. */
  readonly watchedSince?: WatchedSince;
  /** Schedules whose last run reported a failure. */
  readonly failedRuns: ReadonlySet<string>;
  /** All that were ever declared. */
  readonly incidents?: readonly Incident[];
  /** The last verdict on the whole; absent until there was one. */
  readonly readiness?: ReadinessSummary;
}

/** What a readiness report comes to, for the metrics. */
export interface ReadinessSummary {
  /** When it was judged. */
  readonly at: Date;
  readonly verdict: 'ready' | 'at risk' | 'not ready';
  /** How many checks are in which state. */
  readonly counts: Readonly<Record<string, number>>;
  /** Tests and reviews of the plan: when each is due. */
  readonly due: readonly { readonly kind: 'test' | 'review'; readonly id: string; readonly at: Date }[];
}
