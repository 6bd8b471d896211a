/** What a verification finds, and what it has read. */
import type { DrError } from '../core/errors.ts';
import type { Check } from '../workloads/restore-step.ts';
import type { BytesRead } from './reading/reading.ts';

export interface Finding {
  readonly repository: string;
  /** `catalog`, `postgres`, `restic`, or the workload concerned. */
  readonly area: string;
  /** `note`: worth knowing; nothing is lost. */
  readonly severity: 'wrong' | 'note';
  readonly code: string;
  /** Point, set, WAL segment, packs or snapshot. */
  readonly what: string;
  readonly fact: string;
  readonly hint: string;
  /** Ids of the points that can't be restored as they are. */
  readonly points: readonly string[];
}

/** How much was verified. */
export interface Coverage {
  readonly points: number;
  readonly sets: number;
  readonly walSegments: number;
  readonly snapshots: number;
}

export interface DeepResult {
  /** The point that was restored to a scratch place. */
  readonly point: string;
  readonly checks: readonly Check[];
  /** Tables that were read to their ends, with the number of rows, over all databases. */
  readonly tables: number;
  readonly rows: number;
  readonly seconds: number;
  /** Ids of the workloads that came back and passed their checks. */
  readonly restored: readonly string[];
  /** Ids of those that did not. */
  readonly failed: readonly string[];
  /** Size of their data. */
  readonly bytes: number;
  /** Ids of those whose turn it was not; absent where all were tried. */
  readonly otherTurns?: readonly string[];
  /** The point bears the mark `verified` now: all of it was restored. */
  readonly marked: boolean;
}

/**
 * `unusable`: a key is missing or wrong, which says nothing of the copies. `unreachable`: it could not be asked, or somebody else
 * works in it. `failed`: a bug of `dr` ended its verification (exit 1).
 */
export type RepositoryStatus = 'ok' | 'wrong' | 'unusable' | 'unreachable' | 'failed';

export interface RepositoryReport {
  readonly id: string;
  readonly status: RepositoryStatus;
  readonly findings: readonly Finding[];
  readonly coverage: Coverage;
  /** What was read back. Absent for a repository of off-site copies, and where it was not verified. */
  readonly read?: BytesRead;
  readonly seconds: number;
  readonly deep?: DeepResult;
  readonly error?: DrError;
}

export interface VerifyReport {
  /** ISO 8601 */
  readonly at: string;
  readonly environment: string;
  readonly repositories: readonly RepositoryReport[];
}
