/** What one refresh observed, as moments and not as ages: an age is computed for each request, and so keeps growing. */
import type { Measurement } from '../../report/measurements.ts';
import type { Fence } from '../../storage/fence.ts';
import type { Copy } from '../objectives.ts';

export interface RepositoryObservation {
  readonly id: string;
  readonly reachable: boolean;
  /** Why it is unreachable. */
  readonly fact?: string;
  /** False until it was reached once: until then nothing is known of its content. */
  readonly known: boolean;
  /** When the newest trusted copy of each workload was made. */
  readonly newest: ReadonlyMap<string, Date>;
  /** Workloads that the newest run that tried them could not copy to this repository. */
  readonly failed: ReadonlySet<string>;
  readonly newestFull?: Date;
  readonly verifiedAt?: Date;
  /** False: a point was altered or removed, or its last verification failed. */
  readonly sound: boolean;
  /** What makes it unsound. */
  readonly problems: readonly string[];
}

export interface WalObservation {
  readonly lastArchived?: Date;
  readonly waiting?: number;
  /** As the server reported it at that moment; it grows by itself. */
  readonly standbyLag?: { readonly seconds: number; readonly at: Date };
}

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
  /** Schedules whose last run reported a failure. */
  readonly failedRuns: ReadonlySet<string>;
}
