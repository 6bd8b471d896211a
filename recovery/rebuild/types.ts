/** A rebuild: its request, its ports, its plan and its outcome. */
import type { Namespaces } from '../../plan/declared/namespaces.ts';
import type { Plan, TierId } from '../../plan/types.ts';
import type { DrError, ExitCode } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Progress } from '../core/progress.ts';
import type { ClusterLocation } from '../kubernetes/location.ts';
import type { Cluster } from '../kubernetes/objects.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import type { PinnedTarget, PointsRequest, ResolvedPoint, ResolveRequest } from '../points/resolved/resolved-point.ts';
import type { StackEngine } from '../pulumi/engine.ts';
import type { ManifestSnapshot } from '../workloads/objects/snapshot/platform.ts';
import type { CredentialsBundle } from './credentials-bundle.ts';

export interface RebuildRequest {
  readonly stack: string;
  /** `latest`, a point's id, or a time with a time zone; as typed. */
  readonly target: string;
  /** The repository to read. */
  readonly repository: string;
  /** A stack whose config is copied; its file suffices. */
  readonly like?: string | undefined;
  /** Keys of the stack's config, nested (`recovery: { map: { … } }`). They win over all but what a rebuild sets itself. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly only: readonly string[];
  readonly exclude: readonly string[];
  /** Unreachable repositories: nothing is written to them for now. */
  readonly detach?: readonly string[] | undefined;
  readonly rotateSecrets: boolean;
  readonly harden: boolean;
  /** A drill's platform. */
  readonly isolated: boolean;
  /** Skip what fails and continue with the rest. */
  readonly keepGoing: boolean;
  /** When the disaster was declared: the RTO clock starts here. @default now, or the interrupted run's */
  readonly declaredAt?: Date | undefined;
}

/** A check of the recovered data, beside the checks that are part of the stack. */
export interface DataCheck {
  readonly title: string;
  readonly tier?: TierId;
  readonly expected: string;
  readonly actual: string;
  readonly ok: boolean;
  readonly evidence: string;
  /** The newest data found, for the RPO. */
  readonly recoveredTo?: Date;
  /** Of the copies that the point holds, for the ETA of the next time. */
  readonly bytes?: number;
  /** Of the database's set, for the rate at which it was laid down. */
  readonly databaseBytes?: number;
}

/** What the chosen point says of the platform. It is read from the repository when the data is verified, in each run. */
export interface Recorded {
  /** All points of the repository. */
  points(): Promise<readonly CatalogEntry[]>;
  /** The point's manifests; undefined where nothing opens them from here. */
  manifests(): Promise<ManifestSnapshot | undefined>;
}

export interface RebuildPorts {
  readonly engine: StackEngine;
  /** Journals, locks and measurements. */
  readonly stateDir: string;
  /** From an escrow file or an environment file. */
  readonly bundle?: CredentialsBundle | undefined;
  /** Used where the bundle has no plan. */
  readonly plan: Plan;
  readonly resolve: (request: ResolveRequest) => Promise<PinnedTarget>;
  /** Reads the points of a repository: what the recovered data is compared with. */
  readonly readPoints: (request: PointsRequest) => Promise<readonly CatalogEntry[]>;
  /** Called before the stack's first resource; throws to stop. Not called again when an interrupted run resumes. */
  readonly approve: (plan: RebuildPlan) => Promise<void>;
  /** Reads the cluster that the stack goes to. @default what waits or exists there is not known */
  readonly openTarget?: (place: ClusterLocation) => Promise<Cluster>;
  /** Called after the `up`, with decrypted outputs. */
  readonly verify?: (
    outputs: Readonly<Record<string, unknown>>,
    plan: RebuildPlan,
    recorded: Recorded,
  ) => Promise<readonly DataCheck[]>;
  readonly progress: Progress;
  readonly log: Logger;
  readonly now: () => Date;
  readonly signal?: AbortSignal | undefined;
}

export interface PlannedTier {
  readonly tier: TierId;
  readonly name: string;
  readonly services: readonly string[];
  /** Its objects: `Deployment/order`. */
  readonly objects: readonly string[];
}

export interface RebuildPlan {
  readonly stack: string;
  /** The stack has no resources yet. */
  readonly isNew: boolean;
  readonly site: string;
  readonly generation: number;
  readonly context: string;
  readonly namespaces: Namespaces;
  readonly target: string;
  readonly repository: string;
  /** The stack's `recovery.from`: a point's id or a time. */
  readonly from: string;
  readonly pin: ResolvedPoint;
  readonly declaredAt: string;
  readonly tiers: readonly PlannedTier[];
  /** Resources that come before all tiers. */
  readonly foundation: number;
  readonly changes: Readonly<Record<string, number>>;
  /** Objects that the lost stack has left in the cluster: `ClusterRole/dr-capture-go-coffee-dr`. @default none */
  readonly takesOver?: readonly string[];
  /** Excluded objects, each with the reason. */
  readonly leftOut: readonly string[];
  /** Expected loss: seconds from the newest recovered data to the declared moment. */
  readonly loss: readonly { readonly workload: string; readonly recoveredTo: string; readonly seconds: number }[];
  /** A sentence each: time differences between stores, missing copies, new secrets. */
  readonly notes: readonly string[];
}

export interface TierOutcome {
  readonly tier: TierId;
  /** Nothing of it is captured: nothing was brought up, so it is not ready either. */
  readonly nothing?: true;
  /** Absent where its check did not pass, or where there was nothing to check. */
  readonly readyAt?: string;
  /** From the declared moment. */
  readonly seconds?: number;
}

/** A captured object that failed and was skipped. */
export interface Skipped {
  /** `Deployment/order`, as it stands in `recovery.exclude`. */
  readonly object: string;
  readonly reason: string;
}

export interface RebuildTimelineEvent {
  readonly at: string;
  /** Of what took time. */
  readonly beganAt?: string;
  readonly tier?: TierId;
  readonly event: string;
  readonly detail?: string;
}

export interface RebuildOutcome {
  readonly plan: RebuildPlan;
  /** It resumed an interrupted run. */
  readonly resumed: boolean;
  readonly exit: ExitCode;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly tiers: readonly TierOutcome[];
  readonly checks: readonly DataCheck[];
  readonly setAside: readonly Skipped[];
  /** The error that stopped it. */
  readonly failure?: DrError;
  readonly timeline: readonly RebuildTimelineEvent[];
  /** Decrypted, secrets included. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Number of resources by op. */
  readonly changes: Readonly<Record<string, number>>;
}
