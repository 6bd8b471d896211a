/** What the recovery module needs of the world. Adapters implement these; tests may put a failing one in their place. */

export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly modified: Date;
  readonly etag: string;
}

export interface StoredObject extends ObjectInfo {
  readonly body: Buffer;
}

/** Thrown by `put` when its condition does not hold. */
export class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed';
}

export type PutCondition = { readonly kind: 'absent' } | { readonly kind: 'etag'; readonly etag: string };

/**
 * A folder or a bucket. Keys are relative to the repository's root, with `/` between the parts and none in front.
 * `asOf` reads a versioned bucket as it was at that moment; a store without versions throws a DrError.
 */
export interface ObjectStore {
  readonly describe: string;
  get(key: string, asOf?: Date): Promise<StoredObject | undefined>;
  /** All objects under `prefix`, sorted by key. */
  list(prefix: string, asOf?: Date): Promise<ObjectInfo[]>;
  put(key: string, body: string | Buffer, condition?: PutCondition): Promise<{ readonly etag: string }>;
  /** On a versioned bucket this lays a delete marker. Absent keys are no error. */
  delete(key: string): Promise<void>;
}

/** Moves large objects by way of files, without holding them in memory. */
export interface BulkStore extends ObjectStore {
  /** Writes an object to `file`; the folder must be there. The file may be the object itself: it is only to be read. */
  download(object: ObjectInfo, file: string): Promise<void>;
  /** Puts the whole of `file`, which nobody changes meanwhile, over whatever was there. */
  upload(key: string, file: string): Promise<void>;
}

/** A child that moves less than `bytes` (read and written, sockets included) in `seconds` is ended. Only where /proc tells. */
export interface IdleLimit {
  readonly seconds: number;
  readonly bytes: number;
}

/** Environment of a child process. Values of `secretEnv` are masked in every message and log. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly secretEnv?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Run as this unprivileged user when `dr` is root; ignored otherwise. */
  readonly as?: string | undefined;
  readonly stdin?: string;
  /** Send stdout to this file (created 0600) and not to memory. */
  readonly stdoutFile?: string;
  readonly timeoutSeconds?: number;
  readonly idle?: IdleLimit | undefined;
  /** Called for each line of stdout and stderr. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Exit codes that are no error. @default [0] */
  readonly accept?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** Runs `argv[0]` with the rest as arguments, without a shell. Throws a DrError (`ENGINE-FAILED`, `ENGINE-MISSING`, `ENGINE-TIMEOUT`, `ENGINE-STALLED`). */
export type Run = (argv: readonly [string, ...string[]], options?: RunOptions) => Promise<RunResult>;

/** One thing that happens during long work. `step` ids are stable: `restore/postgres/copy`. */
export interface ProgressEvent {
  readonly step: string;
  /** For people; e.g. `PostgreSQL: copy files`. */
  readonly title: string;
  readonly tier?: string;
  readonly state: 'start' | 'progress' | 'retry' | 'done' | 'failed' | 'skipped';
  readonly detail?: string;
  /** 0..1 */
  readonly fraction?: number;
}

export type Progress = (event: ProgressEvent) => void;
