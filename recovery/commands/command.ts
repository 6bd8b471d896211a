/** What a command gets and what it gives back. `cli.ts` declares the flags, builds the context, prints the result and exits. */
import type { ExitCode } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Confirmation, Progress } from '../core/progress.ts';
import type { PointKind } from '../points/point.ts';

export interface CommandContext {
  readonly log: Logger;
  readonly progress: Progress;
  readonly stdinIsTty: boolean;
  /** Text that a person types. Throws CONFIRM-REFUSED where no terminal is. */
  ask(question: string): Promise<string>;
  /**
   * Returns when the name was typed, or given by `--confirm NAME`.
   * Throws CONFIRM-REFUSED (exit 7) for a wrong or missing name, saying what to type.
   */
  confirm(confirmation: Confirmation): Promise<void>;
  now(): Date;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Whether `text` on stdout may hold colour. */
  readonly color: boolean;
}

export interface CommandResult {
  /** @default EXIT.ok */
  readonly exit?: ExitCode;
  /** `-o json` prints envelope(kind, data). */
  readonly kind: string;
  readonly data: unknown;
  /** For people, on stdout; without a line break at its end. */
  readonly text: string;
}

export type Execute<Options> = (options: Options, context: CommandContext) => Promise<CommandResult>;

/** `env` is the path of an environment file, where one was named or found. */
export interface MaybeSiteOptions {
  readonly env?: string;
}

/** Commands that can't work without an environment file. */
export interface SiteOptions {
  readonly env: string;
}

export interface PlanOptions extends MaybeSiteOptions {
  /** A plan in YAML or JSON. @default the environment file's plan, else the shipped one */
  readonly file?: string;
}

/** Lists are empty where a flag was not given: all repositories, all workloads. */
export interface InitOptions extends SiteOptions {
  readonly repository: readonly string[];
  readonly dryRun: boolean;
  /** Leave to restart PostgreSQL where `archive_mode` needs it. */
  readonly restart: boolean;
}

export interface BackupOptions extends SiteOptions {
  readonly kind: PointKind;
  readonly only: readonly string[];
  readonly repository: readonly string[];
  readonly dryRun: boolean;
}

export interface PointsListOptions extends SiteOptions {
  /** @default every repository */
  readonly repository?: string;
}

export interface PointsShowOptions extends SiteOptions {
  readonly id: string;
  readonly repository?: string;
}

export interface PointsMarkOptions extends SiteOptions {
  readonly id: string;
  /** As typed; the command checks it against MARKS. */
  readonly mark: string;
  readonly repository?: string;
  readonly note?: string;
}

export interface VerifyOptions extends SiteOptions {
  readonly deep: boolean;
  readonly repository: readonly string[];
  /** Percent of the stored data that is read back, 0 to 100. */
  readonly readData: number;
  /** A point's id. @default the newest */
  readonly point?: string;
}

export interface PruneOptions extends SiteOptions {
  readonly repository: readonly string[];
  readonly dryRun: boolean;
  readonly confirm?: string;
}

export interface RestoreOptions extends SiteOptions {
  /** `latest`, a point's id or a time with a zone. Only absent with `emergencyDump`. */
  readonly to?: string;
  /** Repository to read from. @default the first in the plan's order that has the target */
  readonly from?: string;
  readonly only: readonly string[];
  readonly dryRun: boolean;
  readonly confirm?: string;
  /** Read a versioned bucket as it was at this time. */
  readonly repositoryTime?: string;
  readonly allowTampered: boolean;
  readonly allowCompromised: boolean;
  /** `schema.table`, from the logical dump. */
  readonly table: readonly string[];
  readonly intoDatabase?: string;
  /** Dump what is still readable first; a folder, or `true` for one below the state directory. */
  readonly emergencyDump?: string | true;
  readonly keepGoing: boolean;
  /** When the disaster was declared: the RTO clock starts here. @default now */
  readonly declaredAt?: string;
  /** Begin the new lineage of PostgreSQL with a full backup, once everything is verified. */
  readonly backup: boolean;
}

export interface RebuildOptions extends MaybeSiteOptions {
  readonly stack: string;
  /** Absent with `teardown`. */
  readonly to?: string;
  /** @default the plan's first in S3 */
  readonly from?: string;
  readonly like?: string;
  /** `key=value`, as typed. */
  readonly set: readonly string[];
  /** Of an escrow file and of an identity that opens it. */
  readonly keys?: string;
  readonly identity?: string;
  readonly only: readonly string[];
  readonly exclude: readonly string[];
  readonly detach: readonly string[];
  readonly rotateSecrets: boolean;
  readonly harden: boolean;
  readonly keepGoing: boolean;
  readonly declaredAt?: string;
  /** Where the reports are written. */
  readonly report: string;
  readonly teardown: boolean;
  readonly dryRun: boolean;
  readonly confirm?: string;
}

export interface SeedOptions extends SiteOptions {
  readonly workload: string;
  /** Repository to read. */
  readonly from: string;
  /** `latest`, a point's id or a time with a zone. */
  readonly to: string;
  /** @default where the environment file has the workload */
  readonly into?: string;
}

export interface OffsiteListOptions extends SiteOptions {
  /** @default the one that the plan fills by an export */
  readonly repository?: string;
}

export interface OffsiteExportOptions extends OffsiteListOptions {
  /** Repository to read. @default the first that has the point */
  readonly from?: string;
  /** `latest` or a point's id. */
  readonly to: string;
  readonly dryRun: boolean;
}

export interface OffsiteVerifyOptions extends OffsiteListOptions {
  readonly deep: boolean;
  readonly readData: number;
  readonly point?: string;
}

export interface KeysEscrowOptions extends SiteOptions {
  /** `age1…`, each of whom can open the bundle. */
  readonly recipient: readonly string[];
  /** @default `<environment>-escrow-<date>.age` in the working directory */
  readonly out?: string;
  readonly armor: boolean;
}

export interface KeysShowOptions extends MaybeSiteOptions {
  readonly file: string;
  /** File with `AGE-SECRET-KEY-1…`. */
  readonly identity: string;
}

export interface KeysOpenOptions extends KeysShowOptions {
  /** Folder; it must be absent or empty. */
  readonly into: string;
}

export type AssessOptions = SiteOptions;

export interface HealthOptions extends SiteOptions {
  readonly comprehensive: boolean;
  readonly stores: boolean;
  /** As typed: `15m`. @default ask once */
  readonly wait?: string;
  /** `P1`… @default every tier */
  readonly tier: readonly string[];
}

export type DoctorOptions = MaybeSiteOptions;

export type ObjectivesOptions = SiteOptions;

export interface UnlockOptions extends SiteOptions {
  readonly name: string;
  readonly confirm?: string;
}

export interface FailoverOptions extends MaybeSiteOptions {
  /** That becomes the leader. */
  readonly stack: string;
  /** Context of the cluster of the site that is followed. */
  readonly oldContext?: string;
  readonly oldKubeconfig?: string;
  readonly oldNamespace: string;
  readonly oldRecoveryNamespace: string;
  /** As typed: `5m`. @default the RPO of the database */
  readonly maxLoss?: string;
  readonly allowUnfenced: boolean;
  /** When the other site went away, as typed. @default now */
  readonly declaredAt?: string;
  readonly dryRun: boolean;
  readonly confirm?: string;
  /** Folder for the report. @default none is written */
  readonly report?: string;
}

export interface FailbackOptions extends MaybeSiteOptions {
  /** That comes back. */
  readonly stack: string;
  /** That leads now. */
  readonly of: string;
  /** @default both, one after the other */
  readonly phase?: 'reseed' | 'switchover';
  /** In S3, that the returning site follows the leader from. @default the first of its own */
  readonly repository?: string;
  /** Leave to delete the volumes of the life that is over. */
  readonly deleteClaims: boolean;
  readonly dryRun: boolean;
  readonly confirm?: string;
}

export interface DrillOptions extends MaybeSiteOptions {
  /** A scenario of the plan, or `all`, one after the other. */
  readonly scenario: string;
  /** Rows of the generated data, as a multiple of the default. */
  readonly scale: number;
  /** Leave the platform and its repositories on disk. */
  readonly keep: boolean;
  /** Where the throwaway platform lives. @default a new folder below the system's temporary one */
  readonly folder?: string;
  /** Where the reports are written. */
  readonly report: string;
  readonly seed?: number;
  /** `cluster`: a rebuild in quarantined namespaces; what follows is for it alone. */
  readonly on: 'local' | 'cluster';
  /** @default `drill-<date>` */
  readonly stack?: string;
  /** The stack that the drill stands for. */
  readonly like?: string;
  /** Repository to read. @default the plan's first in S3 */
  readonly from?: string;
  /** @default latest */
  readonly to?: string;
  /** `key=value`, as typed. */
  readonly set: readonly string[];
  readonly dryRun: boolean;
  readonly confirm?: string;
}

export interface ImpactOptions extends MaybeSiteOptions {
  /** One preview that holds both sides. */
  readonly preview?: string;
  readonly before?: string;
  readonly after?: string;
  /** `AREA=REASON`, or the words of a row of the table. */
  readonly accept: readonly string[];
}
