/** What a scenario is: from a platform with customers to a recovered one. */
import type { DrillReport } from '../recovery/report/types.ts';
import type { Renewed } from './baseline.ts';
import type { DrAnswer, RestoreData } from './dr-client.ts';
import type { LedgerComparison } from './load/compare.ts';
import type { Platform } from './platform/platform.ts';
import type { Prepared } from './stage.ts';

export interface Recovered {
  /** Where the platform lives now. */
  readonly platform: Platform;
  readonly restored: DrAnswer<RestoreData>;
  readonly target: DrillReport['target'];
  /** What the customers were promised, against what is there. */
  readonly comparison: LedgerComparison;
  /** Files that the recovery has made new, such as rotated secrets. */
  readonly renewed?: Renewed;
  /** By tier, since when it is well. */
  readonly ready: ReadonlyMap<string, Date>;
}

export interface Scenario {
  /** The plan's. */
  readonly id: string;
  /** Stages the disaster, recovers, and adds what it saw to the stage. */
  readonly run: (prepared: Prepared) => Promise<Recovered>;
}
