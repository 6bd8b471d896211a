/** What an isolation does, and what it can't do: the second is never left out. */

/** One thing that is cut off. */
export interface Act {
  /** Stable: `service/auth-service`, `postgres/logins`, `policies/shop`. */
  readonly id: string;
  /** What people read: who or what is cut off, and how. */
  readonly title: string;
}

/** Something that stays open. The isolation is then partial (exit 3). */
export interface Gap {
  readonly id: string;
  readonly fact: string;
  /** What a person can do about it. */
  readonly hint: string;
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
