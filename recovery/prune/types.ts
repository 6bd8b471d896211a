/** The plan of a prune in one repository, and its outcome. */
import type { Duration } from '../../plan/duration.ts';
import type { DrError } from '../core/errors.ts';
import type { PointDecision } from './decide.ts';
import type { SetsToExpire } from './engine-data.ts';

export interface LineagePlan extends SetsToExpire {
  readonly lineage: string;
  /** Name of the passphrase that opens the lineage. @default the first of the keyring */
  readonly passphrase?: string | undefined;
  /** The whole lineage goes: no remaining point needs it, and nothing was written to it within the retention. */
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
  /** Off-site copies that go, by their points: of removed points, and what interrupted exports left. */
  readonly copies?: readonly string[];
  /** For people, a sentence each. */
  readonly warnings: readonly string[];
}

export interface PruneOutcome {
  readonly repository: string;
  readonly plan?: RepositoryPlan;
  readonly error?: DrError;
}
