/** What a backup run says of one workload. */
import type { DrError } from '../core/errors.ts';
import type { Capture } from '../points/point.ts';

export interface WorkloadOutcome<C extends Capture = Capture> {
  readonly workload: string;
  /** By repository id. */
  readonly captures: ReadonlyMap<string, C>;
  readonly seconds: number;
  readonly error?: DrError;
}
