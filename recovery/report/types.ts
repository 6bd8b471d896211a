/** What a drill proved, as data. `recovery/report/` shows it on a terminal and as HTML. Times are ISO 8601 in UTC. */
import type { ExitCode } from '../core/errors.ts';
import type { API_VERSION } from './output.ts';

/** Absent `measuredSeconds`: it could not be measured, and `met` is false. */
export interface Measured {
  readonly objectiveSeconds: number;
  readonly measuredSeconds?: number;
  readonly met: boolean;
}

export interface TierResult {
  /** `P1` */
  readonly id: string;
  readonly name: string;
  readonly services: readonly string[];
  readonly rto: Measured;
  readonly rpo: Measured;
  /** When the tier's services were verified, not just started. */
  readonly readyAt?: string;
}

export interface TimelineEvent {
  readonly at: string;
  /** From the disaster; negative before it. */
  readonly offsetSeconds: number;
  readonly tier?: string;
  readonly event: string;
  readonly detail?: string;
}

export interface Verification {
  readonly id: string;
  readonly title: string;
  readonly tier?: string;
  readonly expected: string;
  readonly actual: string;
  readonly ok: boolean;
  /** Where the values come from: the query, the file, the command. */
  readonly evidence: string;
}

export interface Loss {
  readonly what: string;
  readonly rows?: number;
  readonly seconds?: number;
  /** Whether the scenario plants this loss; anything else that is lost fails the drill. */
  readonly expected: boolean;
  readonly detail: string;
}

/** An attack that was tried against the live service or bucket. */
export interface SecurityAttempt {
  readonly attempt: string;
  readonly outcome: 'denied' | 'succeeded';
  readonly detail: string;
  readonly expected: 'denied' | 'succeeded';
}

export interface Throughput {
  readonly bytesRestored: number;
  readonly seconds: number;
  readonly megabytesPerSecond: number;
  /** By tier: the data size in bytes at which it would miss its RTO at this rate. */
  readonly rtoDataLimitBytes: Readonly<Record<string, number>>;
}

export interface DrillEnvironment {
  /** Name → version. */
  readonly engines: Readonly<Record<string, string>>;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly platform: string;
}

export interface DrillReport {
  readonly apiVersion: typeof API_VERSION;
  /** A rebuild is measured by the same clocks, and what it says of itself has the same shape. */
  readonly kind: 'DrillReport' | 'RebuildReport';
  /** Of a rebuild: `rebuild`. */
  readonly scenario: string;
  readonly title: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Size of a drill's data, as a multiple. */
  readonly scale?: number;
  readonly passed: boolean;
  readonly exit: ExitCode;
  readonly disasterAt: string;
  readonly target: {
    readonly repository: string;
    readonly point?: string;
    readonly time?: string;
    readonly description: string;
  };
  readonly tiers: readonly TierResult[];
  readonly timeline: readonly TimelineEvent[];
  readonly verification: readonly Verification[];
  readonly losses: readonly Loss[];
  readonly security?: readonly SecurityAttempt[];
  /** Absent where nobody measured it. */
  readonly throughput?: Throughput;
  readonly environment: DrillEnvironment;
}
