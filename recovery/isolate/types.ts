/** What an isolation does, and what it can't do: the second is never left out. */
import type { Gap } from '../core/errors.ts';

/** One thing that is cut off. */
export interface Act {
  /** Stable: `service/auth-service`, `postgres/logins`, `policies/shop`. */
  readonly id: string;
  /** What people read: who or what is cut off, and how. */
  readonly title: string;
}

export interface IsolationPlan {
  readonly acts: readonly Act[];
  /** Known before anything changes. */
  readonly gaps: readonly Gap[];
  /** What stays as it is, and why; a line each. */
  readonly notes: readonly string[];
}

export interface IsolationReport extends IsolationPlan {
  /** Ids of the acts that are done. */
  readonly done: readonly string[];
}
