/** What was seen at one refresh, as moments and not as ages: ages are computed when they are asked for, and so keep growing. */
import type { Measurement } from '../../report/measurements.ts';
import type { Fence } from '../../storage/fence.ts';
import type { Copy } from '../objectives.ts';

export interface RepositoryObservation {
  readonly id: string;
  readonly reachable: boolean;
  /** Why it is not reachable. */
  readonly fact?: string;
  /** False until it was reached once: then nothing is known of what it holds. */
  readonly known: boolean;
  /** By workload, when the newest copy that can be believed was captured. */
  readonly newest: ReadonlyMap<string, Date>;
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
  /** The server's own figure; grows by itself, so it has the moment it was read at. */
  readonly standbyLag?: { readonly seconds: number; readonly at: Date };
}

export interface Observation {
  readonly at: Date;
  readonly repositories: readonly RepositoryObservation[];
  readonly wal?: WalObservation;
  readonly volumes: readonly { readonly volume: string; readonly usedRatio: number }[];
  /** Newest first choice is `judgeObjectives`'s; only of repositories that were reached. */
  readonly copies: readonly Copy[];
  readonly measurements: readonly Measurement[];
  /** This site has lost its lead, and must not go on as if it had not. */
  readonly fence?: Fence;
  /** Schedules whose last run said itself that it failed. */
  readonly failedRuns: ReadonlySet<string>;
}
