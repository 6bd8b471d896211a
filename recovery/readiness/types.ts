/** One verdict on whether this site could recover today, and the checks that it rests on. */

/**
 * `unknown`: nobody could look. It is never counted as good. `not here`: the site has nothing of the kind, as its configuration says.
 */
export type CheckState = 'ready' | 'at risk' | 'not ready' | 'unknown' | 'not here';

export const FAMILIES = {
  copies: 'Copies',
  tests: 'Tests',
  keys: 'Keys',
  offsite: 'Off-site copies',
  standby: 'Standby',
  forecast: 'Forecast',
  coverage: 'Coverage',
  people: 'People',
  plan: 'Plan and machine',
} as const;
export type Family = keyof typeof FAMILIES;

export interface ReadinessCheck {
  /** Stable: `copies/redis/local`. */
  readonly id: string;
  readonly family: Family;
  readonly title: string;
  readonly state: CheckState;
  /** What was found, with its values. */
  readonly evidence: string;
  /** When what the evidence speaks of happened (ISO 8601); absent where it never did, or is of now. */
  readonly at?: string;
  /** What it must be. */
  readonly objective: string;
  /** The command that mends it; absent where there is nothing to fix. */
  readonly command?: string;
}

export type Verdict = 'ready' | 'at risk' | 'not ready';

export interface ReadinessReport {
  readonly at: string;
  readonly environment: string;
  readonly site: string;
  readonly verdict: Verdict;
  /** No repository could be read: nothing of the copies is known. */
  readonly blind: boolean;
  readonly counts: Readonly<Record<CheckState, number>>;
  readonly checks: readonly ReadinessCheck[];
  readonly calendar: readonly CalendarRow[];
  readonly forecast: readonly TierForecast[];
}

/** A test or a review of the plan. */
export interface CalendarRow {
  readonly kind: 'test' | 'review';
  /** Of a review: its cadence. */
  readonly id: string;
  readonly title: string;
  readonly cadence: string;
  readonly last?: {
    readonly at: string;
    readonly by: string;
    readonly result: 'passed' | 'failed';
    readonly how: string;
  };
  /** The last that passed, and one cadence; absent where none has. */
  readonly dueAt?: string;
  readonly state: 'done' | 'overdue' | 'failed' | 'never';
  /** What runs it, or records it. */
  readonly command: string;
}

export interface TierForecast {
  readonly tier: string;
  readonly objectiveSeconds: number;
  /** Bytes to be laid down until this tier is back, with the tiers before it. */
  readonly bytes: number;
  /** By a line through the sizes of the copies; undefined with copies of less than a week. */
  readonly bytesPerDay?: number;
  /** Undefined without a measured rate. */
  readonly forecastSeconds?: number;
  /** The day when the objective would be missed (ISO 8601, a date); absent where it never would be. */
  readonly missedOn?: string;
}
