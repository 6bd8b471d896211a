/** What a pruning is going to do in one repository, and what it did. */
import type { Duration } from '../../plan/duration.ts';
import type { DrError } from '../core/errors.ts';
import type { PointDecision } from './decide.ts';
import type { SetsToExpire } from './engine-data.ts';

export interface LineagePlan extends SetsToExpire {
  readonly lineage: string;
  /** Opens the lineage; the first of the keyring where no point names one. */
  readonly passphrase?: string | undefined;
  /** Nothing of it is needed any more, nor was anything written to it within the retention. */
  readonly whole: boolean;
}

export interface RepositoryPlan {
  readonly repository: string;
  /** `90d` */
  readonly retention: Duration;
  readonly points: readonly PointDecision[];
  /** Ids of the points that go. */
  readonly remove: readonly string[];
  readonly snapshots: readonly string[];
  readonly lineages: readonly LineagePlan[];
  /** Dated copies, by their points, that go as a whole: of points that go, and what interrupted exports have left. */
  readonly copies?: readonly string[];
  /** For people, a sentence each. */
  readonly warnings: readonly string[];
}

export interface PruneOutcome {
  readonly repository: string;
  readonly plan?: RepositoryPlan;
  readonly error?: DrError;
}
