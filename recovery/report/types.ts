/** The result of a drill. `terminal.ts` and `html.ts` render it. Times are ISO 8601 in UTC. */
import type { ExitCode } from '../core/errors.ts';
import type { API_VERSION } from './output.ts';

/** Without `measuredSeconds` nothing could be measured, and `met` is false. */
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
  /** When the tier's services were verified, not when they started. */
  readonly readyAt?: string;
}

export interface TimelineEvent {
  readonly at: string;
  /** From the disaster; negative before it. */
  readonly offsetSeconds: number;
  /** When a step began that ended then, from the disaster too; absent for what took no time, and where it was not measured. */
  readonly beganSeconds?: number;
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
  /** The source of the values: a query, a file, a command. */
  readonly evidence: string;
}

export interface Loss {
  readonly what: string;
  readonly rows?: number;
  readonly seconds?: number;
  /** Whether the scenario causes this loss. Any other loss fails the drill. */
  readonly expected: boolean;
  readonly detail: string;
}

/** An attack on the live service or bucket that the drill tried. */
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
  /** For each tier the data size, in bytes, at which it would miss its RTO at this rate. */
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
  /** A rebuild is measured in the same way, and its report has the same shape. */
  readonly kind: 'DrillReport' | 'RebuildReport';
  /** `rebuild` for a rebuild. */
  readonly scenario: string;
  readonly title: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Size of a drill's data, as a multiple of the default. */
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
  /** Absent where it was not measured. */
  readonly throughput?: Throughput;
  readonly environment: DrillEnvironment;
}
