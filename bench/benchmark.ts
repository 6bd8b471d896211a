/** What a benchmark is given and what it gives back. */
import type { Platform } from '../drill/platform/platform.ts';
import type { Run } from '../recovery/core/process.ts';
import type { PostgresCapture } from '../recovery/points/point.ts';

export interface BenchContext {
  /** Rounds; each side runs once a round. */
  readonly runs: number;
  /** Size of the data as a multiple of the default. */
  readonly scale: number;
  /** Throwaway; everything lies below it and is deleted at the end. */
  readonly folder: string;
  readonly run: Run;
  /** A line for whoever watches. */
  readonly say: (text: string) => void;
  /** A database of about this many megabytes with its backup, made once and shared by the benchmarks of one run. */
  readonly database: (megabytes: number) => Promise<Database>;
}

/** One number, judged when it has a target. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: '×' | 's' | 'ms';
  readonly target?: { readonly relation: '≤' | '≥'; readonly value: number };
}

/** Seconds of one side, a number a round. */
export interface Samples {
  readonly name: string;
  readonly seconds: readonly number[];
}

export interface BenchResult {
  readonly measures: readonly Measure[];
  readonly samples: readonly Samples[];
  /** What was measured on, and where the time went: sizes, medians of single steps. */
  readonly facts: Readonly<Record<string, string | number>>;
}

export interface Benchmark {
  /** `B1` */
  readonly id: string;
  readonly title: string;
  run(context: BenchContext): Promise<BenchResult>;
}

export function isMet({ value, target }: Measure): boolean {
  if (target === undefined) return true;
  return target.relation === '≤' ? value <= target.value : value >= target.value;
}

export interface Database {
  /** The site that was backed up; its servers are stopped. */
  readonly source: Platform;
  readonly capture: PostgresCapture;
  /** Bytes of WAL that a restore to the end replays. */
  readonly walBytes: number;
  /** A folder of this database alone. */
  readonly folder: string;
  /** Another host of the same environment: no data, no state, the source's `local` repository. */
  newSite(name: string): Promise<Platform>;
}
