/** What a rebuild is asked for, what it will do, and what came of it. */
import type { Plan, TierId } from '../../plan/types.ts';
import type { DrError, ExitCode } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Progress } from '../core/progress.ts';
import type { Pin, PinnedTarget, PinRequest } from '../points/pin/pin.ts';
import type { StackEngine } from '../pulumi/engine.ts';
import type { Material } from './material.ts';

export interface RebuildRequest {
  readonly stack: string;
  /** `latest`, a point's id, or a time with a zone; as typed. */
  readonly target: string;
  /** To read from. */
  readonly repository: string;
  /** A stack whose config is copied, or the name of whose file is left. */
  readonly like?: string | undefined;
  /** Keys of the stack's config, `recovery.map.namespace` as nested objects; they win over everything but what a rebuild sets itself. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly only: readonly string[];
  readonly exclude: readonly string[];
  /** Repositories that are away: nothing is written to them for now. */
  readonly detach?: readonly string[] | undefined;
  readonly rotateSecrets: boolean;
  readonly harden: boolean;
  /** A drill's platform. */
  readonly isolated: boolean;
  /** What fails is set aside, and the rest goes on. */
  readonly keepGoing: boolean;
  /** When the disaster was declared: the RTO clock. @default now, or as the interrupted run had it */
  readonly declaredAt?: Date | undefined;
}

/** What data says, besides the checks that are part of the stack. */
export interface DataCheck {
  readonly title: string;
  readonly tier?: TierId;
  readonly expected: string;
  readonly actual: string;
  readonly ok: boolean;
  readonly evidence: string;
  /** Newest data that was found, for the RPO. */
  readonly recoveredTo?: Date;
}

/** Without the points, where nobody compares with them. */
export type Resolved = Omit<PinnedTarget, 'entries'> & Partial<Pick<PinnedTarget, 'entries'>>;

export interface RebuildPorts {
  readonly engine: StackEngine;
  /** Journals, locks and measurements. */
  readonly stateDir: string;
  /** Of an escrow file or an environment file. */
  readonly material?: Material | undefined;
  /** In force where nothing else says so. */
  readonly plan: Plan;
  readonly resolve: (request: PinRequest) => Promise<Resolved>;
  /** Called before anything of the stack runs; throws to stop. Not called again when an interrupted run goes on. */
  readonly approve: (plan: RebuildPlan) => Promise<void>;
  /** After the `up`: outputs, secrets in plain. */
  readonly verify?: (outputs: Readonly<Record<string, unknown>>, plan: RebuildPlan) => Promise<readonly DataCheck[]>;
  readonly progress: Progress;
  readonly log: Logger;
  readonly now: () => Date;
  readonly signal?: AbortSignal | undefined;
}

export interface PlannedTier {
  readonly tier: TierId;
  readonly name: string;
  readonly services: readonly string[];
  /** `Deployment/order` of what is declared for it. */
  readonly objects: readonly string[];
}

export interface RebuildPlan {
  readonly stack: string;
  /** It has to be made. */
  readonly isNew: boolean;
  readonly site: string;
  readonly generation: number;
  readonly context: string;
  readonly namespaces: Readonly<Record<string, string>>;
  readonly target: string;
  readonly repository: string;
  /** What `recovery.from` says from now on: a point's id or a time. */
  readonly from: string;
  readonly pin: Pin;
  readonly declaredAt: string;
  readonly tiers: readonly PlannedTier[];
  /** Resources that come before all tiers. */
  readonly foundation: number;
  readonly changes: Readonly<Record<string, number>>;
  readonly leftOut: readonly string[];
  /** What is lost as far as it can be told before; seconds from the newest recovered data to the declared moment. */
  readonly loss: readonly { readonly workload: string; readonly recoveredTo: string; readonly seconds: number }[];
  /** For people, a sentence each: skew, copies that are missing, secrets that are made anew. */
  readonly notes: readonly string[];
}

export interface TierOutcome {
  readonly tier: TierId;
  /** Absent: its check did not succeed. */
  readonly readyAt?: string;
  /** From the declared moment. */
  readonly seconds?: number;
}

export interface SetAside {
  /** `Deployment/order`, as it stands in `recovery.exclude`. */
  readonly object: string;
  readonly reason: string;
}

export interface RebuildTimelineEvent {
  readonly at: string;
  readonly tier?: TierId;
  readonly event: string;
  readonly detail?: string;
}

export interface RebuildOutcome {
  readonly plan: RebuildPlan;
  /** It went on where a run that died had stopped. */
  readonly resumed: boolean;
  readonly exit: ExitCode;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly tiers: readonly TierOutcome[];
  readonly checks: readonly DataCheck[];
  readonly setAside: readonly SetAside[];
  /** The first that stopped it. */
  readonly failure?: DrError;
  readonly timeline: readonly RebuildTimelineEvent[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** By which the stack was made or changed; secrets among them. */
  readonly changes: Readonly<Record<string, number>>;
}
