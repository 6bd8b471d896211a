/** What a backup run is asked for, and what it has so far. */
import type { RepositoryOutcome } from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import type { Progress } from '../core/progress.ts';
import type { PointKind } from '../points/point.ts';
import type { WorkloadOutcome } from './outcome.ts';
import type { Selection } from './select.ts';

export interface BackupRequest {
  readonly kind: PointKind;
  readonly only: readonly string[];
  readonly repositories: readonly string[];
  readonly progress: Progress;
  readonly now: () => Date;
  readonly signal?: AbortSignal | undefined;
}

export interface Run {
  readonly site: Site;
  readonly request: BackupRequest;
  readonly id: string;
  readonly startedAt: Date;
  readonly selection: Selection;
}

export interface Captures {
  readonly workloads: readonly WorkloadOutcome[];
  readonly repositories: readonly RepositoryOutcome[];
  /** For people, a sentence each. */
  readonly warnings: readonly string[];
}
