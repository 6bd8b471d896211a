export interface Confirmation {
  /** What must be typed: the environment's, the target's or the lock's name. */
  readonly name: string;
  /** What is about to happen, a line each. */
  readonly what: readonly string[];
}

/** One thing that happens during long work. `step` ids are stable: `restore/postgres/copy`. */
export interface ProgressEvent {
  readonly step: string;
  /** For people; e.g. `PostgreSQL: copy files`. */
  readonly title: string;
  readonly tier?: string;
  readonly state: 'start' | 'progress' | 'retry' | 'done' | 'failed' | 'skipped';
  readonly detail?: string;
  /** 0..1 */
  readonly fraction?: number;
  /** Of the whole step: with the fraction it gives the rate. */
  readonly bytes?: number;
}

export type Progress = (event: ProgressEvent) => void;
