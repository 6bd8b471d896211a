/** The contract of a benchmark: its context and its result. */
import type { Platform } from '../drill/platform/platform.ts';
import type { Run } from '../recovery/core/process.ts';
import type { PostgresCapture } from '../recovery/points/point.ts';

export interface BenchContext {
  /** Number of rounds; each side runs once in a round. */
  readonly runs: number;
  /** Size of the data as a multiple of the default. */
  readonly scale: number;
  /** Folder of everything; deleted at the end. */
  readonly folder: string;
  readonly run: Run;
  /** Prints a line of progress. */
  readonly say: (text: string) => void;
  /** A database of about this size with its backup, made once and shared by the benchmarks of a run. */
  readonly database: (megabytes: number) => Promise<Database>;
}

/** One number; met or missed if it has a target. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: '×' | 's' | 'ms';
  readonly target?: { readonly relation: '≤' | '≥'; readonly value: number };
}

/** Seconds of one side, one number per round. */
export interface Samples {
  readonly name: string;
  readonly seconds: readonly number[];
}

export interface BenchResult {
  readonly measures: readonly Measure[];
  readonly samples: readonly Samples[];
  /** Sizes, and medians of single steps. */
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

/** The backup set, as far as a benchmark reads it. */
export type DatabaseCapture = Pick<PostgresCapture, 'lineage' | 'set' | 'timeline' | 'bytes' | 'storedBytes'>;

export interface Database {
  /** The site that was backed up; its servers are stopped. */
  readonly source: Platform;
  readonly capture: DatabaseCapture;
  /** Bytes of WAL that a restore to the end replays. */
  readonly walBytes: number;
  /** The database's own folder. */
  readonly folder: string;
  /** A site of another host in the same environment: no data, no state, the source's `local` repository. */
  newSite(name: string): Promise<Platform>;
}
