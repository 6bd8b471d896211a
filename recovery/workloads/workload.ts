/**
 * The contract of a workload type: what `dr` asks of it, from the backup to the check of what came back. One value a type, in
 * `<type>/workload.ts`; `registry.ts` finds it. What a type throws is a DrError: exit 2 and 6 before anything is touched, exit 5 for data
 * that is not right.
 */
import type { Workload } from '../../plan/types.ts';
import type { Environment } from '../config/environment.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError, messageOf } from '../core/errors.ts';
import type { SecretRef } from '../core/fields.ts';
import type { EngineName } from '../engines/find.ts';
import type { PointKind, ResticCapture } from '../points/point.ts';
import type { RestoreItem, SnapshotItem } from './restore-plan.ts';
import type { Check, RestoreContext } from './restore-step.ts';

/** `I`: what a restore plan says of one such workload. `SetItem` for PostgreSQL, which pgBackRest holds; restic holds the others. */
export interface WorkloadType<I extends RestoreItem = SnapshotItem> {
  /** Programs that its backup, its restore and its trial run. Each is looked for before anything is touched. */
  readonly engines: readonly EngineName[];
  /** No running service uses the destination, so none is stopped for a restore. @default false: services stop first */
  readonly servicesKeepRunning?: true;
  /** Another type brings the same data back: it is restored only when it is named with `--only`. */
  readonly onlyByName?: true;
  /** Its data goes into a server; the destination is a folder of `dr`'s own on the way, and nothing that a person could miss. */
  readonly intoServer?: true;
  /** Types that have to be in place before its restore begins. They wait for no other type themselves. */
  readonly restoredAfter?: readonly SnapshotItem['type'][];

  /** Secrets that a capture reads, by the field of the environment file. Each is read before anything is touched. */
  secrets?(environment: Environment): Readonly<Record<string, SecretRef | undefined>>;
  /**
   * Brings a consistent copy of the data into a folder that restic can read, or names the folder that is one. Absent where the engine
   * copies from the live server itself (pgBackRest).
   */
  capture?(site: Site, workload: Workload, options: CaptureOptions): Promise<Staged>;

  /** Absolute path that a restore puts the data in. */
  destination(site: Site, workload: Workload): string;
  /** True when a server uses the destination now: a restore asks before it replaces that. */
  isAlive?(site: Site): Promise<boolean>;
  /** What would stop the restore half-way, of its server: throws before anything is touched (exit 6). */
  preflight?(site: Site, item: I): Promise<void>;
  /** Set where the data is on another host, so that a restore can't lay it down from here. */
  elsewhere?(environment: Environment): Elsewhere | undefined;
  /** What a restore adds to each file system at its peak. Old data stays beside the new until all of it is verified. */
  needs(environment: Environment, item: I): Promise<DiskNeed[]>;
  /** Puts the data in its place. It is called again after an interruption, and resumes: each part of the work is a `step`. */
  restore(context: RestoreContext, item: I): Promise<Restored | undefined>;
  /** Questions to what was restored, each with its evidence: the engine's exit code proves nothing. Changes nothing. */
  checks(site: Site, item: I): Promise<Check[]>;
  /** Restores the item to a scratch folder, asks it the same questions and more, and removes it. Throws for what can't be restored. */
  trial(site: Site, item: I, request: TrialRequest): Promise<TrialResult>;

  /** The server that holds the data, for `dr health`. Absent where no server does. */
  readonly health?: StoreHealth;
  /** The volume that `dr seed` fills before the server's or the service's first start. `into`: a folder instead of the configured one. */
  volume?(site: Site, workload: Workload, into: string | undefined): SeedVolume;
  /** What is left of the data, for `dr assess`. `before`: the newest capture. Reads only. What can't be inspected is a finding too. */
  inspect?(site: Site, workload: Workload, before: ResticCapture | undefined): Promise<FolderFinding[]>;
}

/** One run of `dr backup`: what several workloads read together is kept by it (`oncePerRun`). */
export interface CaptureRun {
  readonly kind?: PointKind | undefined;
  /** Ends the whole run. */
  readonly signal?: AbortSignal | undefined;
}

export interface CaptureOptions {
  readonly run: CaptureRun;
  /** Ends this one capture, also when its lock is lost. */
  readonly signal?: AbortSignal | undefined;
}

export interface Staged {
  /** Absolute; restic finds the parent snapshot by it, so it is the same in each run. */
  readonly path: string;
  /** What a restore needs or a check compares: counts, versions, the owner. */
  readonly facts: ResticCapture['facts'];
  /** Absolute paths below `path` that hold no data. */
  readonly exclude?: readonly string[];
  /** Removes what was made only for this run. */
  readonly remove: () => Promise<void>;
}

export interface Elsewhere {
  readonly host: string | undefined;
  /** Field of the environment file that says so. */
  readonly field: string;
}

export interface DiskNeed {
  /** Absolute; it need not exist yet. */
  readonly path: string;
  readonly bytes: number;
}

/** What the type knows better than the capture. */
export interface Restored {
  /** How long the copying alone took. */
  readonly copySeconds: number;
  /** ISO 8601: the moment that the data is of. */
  readonly recoveredTo: string;
  /** What a person should know of it. */
  readonly note?: string;
}

export interface TrialRequest {
  readonly repository: Repository;
  readonly scratch: Scratch;
  /** `fraction`: 0 to 1. */
  readonly report: (detail: string, fraction?: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface TrialResult {
  readonly checks: readonly Check[];
  /** Tables and rows that were read to their end. */
  readonly tables?: number;
  readonly rows?: number;
}

/** A folder of a trial's own; nothing in it outlives the trial. */
export interface Scratch {
  readonly folder: string;
  /** For sockets, whose paths have at most 107 bytes. */
  readonly sockets: string;
  remove(): Promise<void>;
}

export interface StoreHealth {
  /** Id of the plan's service that is this server. */
  readonly service: string;
  /** Empty where the environment file doesn't have the server. A server that doesn't answer is a failed check, not an error. */
  checks(site: Site): Promise<HealthCheck[]>;
}

/** An answer of `dr health`. */
export interface HealthCheck {
  /** Stable: `service/auth-service`, `postgres/archiving`, `backup/redis`. */
  readonly id: string;
  readonly title: string;
  /** Undefined is not a failure: the environment file doesn't say how to ask, or the cluster has no such thing. */
  readonly ok: boolean | undefined;
  readonly fact: string;
}

/** What a store says to a replaced password. */
export type Verdict = Pick<HealthCheck, 'ok' | 'fact'>;

export const refused = (fact: string): Verdict => ({ ok: true, fact });
export const accepted = (fact: string): Verdict => ({ ok: false, fact: `ACCEPTED: ${fact}` });
export const unproven = (error: unknown): Verdict => ({ ok: false, fact: `not proven: ${wordsOf(error)}` });

/** The server's own words; a DrError's fact without its code. */
export function wordsOf(error: unknown): string {
  return error instanceof DrError ? error.fact : messageOf(error);
}

export interface FolderCount {
  readonly files: number;
  readonly bytes: number;
}

/** What was laid down. */
export type SeedCount = { readonly keys: number } | FolderCount;

export interface SeedVolume {
  readonly folder: string;
  readonly names: SeedNames;
  /** Where the folder comes from, for a hint. */
  readonly setting: string;
  /** Makes `making`, which does not exist yet, from the checked files of the snapshot in `copy`. */
  make(copy: string, making: string, count: FolderCount): Promise<SeedCount>;
}

/** What a seed leaves on a volume: a mark that says whose data it holds, and, while it works, the unfinished copy. */
export interface SeedNames {
  readonly mark: string;
  /** Gone when the mark stands. */
  readonly seeding: string;
}

/** `unknown`: it could not be inspected, which says nothing about its state. */
export type FileState = 'well' | 'missing' | 'empty' | 'damaged' | 'unknown';

export interface FolderFinding {
  readonly workload: string;
  readonly path: string;
  readonly state: FileState;
  readonly facts: readonly string[];
}
