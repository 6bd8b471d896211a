/** The port to the engine that runs the stacks. Its adapter is Pulumi's Automation API; only this folder knows it. */

/** A value of a stack's config; its key is without the project's name. */
export interface ConfigValue {
  /** Text, or any JSON. */
  readonly value: unknown;
  /** Encrypted in the stack's file. @default false */
  readonly secret?: boolean;
}
export type ConfigValues = Readonly<Record<string, ConfigValue>>;

/** Identity of a Kubernetes object in its cluster. */
export interface EngineObject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One resource of a run, as it begins, ends or fails. */
export interface ResourceEvent {
  readonly state: 'start' | 'done' | 'failed';
  readonly op: 'create' | 'update' | 'replace' | 'delete' | 'read' | 'same' | 'refresh' | 'import';
  readonly urn: string;
  /** `kubernetes:apps/v1:Deployment` */
  readonly type: string;
  /** The resource's name in the program. */
  readonly name: string;
  /** Only for a Kubernetes object. */
  readonly object?: EngineObject;
  /** Its provider takes over what exists under the name. @default false */
  readonly adopts?: boolean;
  /** With state `failed`: the provider's message. */
  readonly message?: string;
}

export interface Diagnostic {
  readonly severity: 'info' | 'warning' | 'error';
  readonly message: string;
  readonly urn?: string;
}

export interface RunOptions {
  readonly onEvent?: (event: ResourceEvent) => void;
  readonly onDiagnostic?: (diagnostic: Diagnostic) => void;
  readonly signal?: AbortSignal;
  /** Continue with resources that don't depend on a failed one. @default false */
  readonly keepGoing?: boolean;
  /**
   * Adopt an object that exists under the same name. Only after a run that was killed: otherwise the object is somebody else's, and
   * its create fails. @default false
   */
  readonly takeOver?: boolean;
}

export interface RunOutcome {
  readonly succeeded: boolean;
  /** Number of resources by op: `create`, `update`, `replace`, `delete`, `same`. */
  readonly changes: Readonly<Record<string, number>>;
  readonly failed: readonly ResourceEvent[];
  readonly diagnostics: readonly Diagnostic[];
}

/** An operation of a run that was killed before its result arrived. */
export interface PendingOperation {
  readonly urn: string;
  readonly op: string;
}

/** A Kubernetes object as a stack's state has it. */
export interface HeldObject {
  /** `apps/v1` */
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Absent for an object of the whole cluster. */
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent where the state doesn't tell. */
  readonly uid?: string;
}

/** A resource in a stack's state that a `destroy` would delete. */
export interface HeldResource {
  readonly urn: string;
  /** `kubernetes:apps/v1:Deployment` */
  readonly type: string;
  /** Only for a Kubernetes object whose name can be read. */
  readonly object?: HeldObject;
  /** It may have existed before the stack: it was imported, or its provider takes over what exists. */
  readonly adopted: boolean;
  /** The program has protected it, or keeps it when it is no longer declared. */
  readonly guarded: boolean;
  /** ISO 8601, of the host that ran the engine. Absent where the state doesn't tell. */
  readonly recordedAt?: string;
}

export interface Held {
  readonly resources: readonly HeldResource[];
  /** ISO 8601: when the first resource was recorded. Absent where the state doesn't tell. */
  readonly since?: string;
  /** Contexts of the Kubernetes providers that delete the objects. */
  readonly contexts: readonly string[];
}

export interface DestroyOptions extends RunOptions {
  /** URNs of resources that stay where they are: the stack only forgets them. */
  readonly keep: ReadonlySet<string>;
  /** Also deletes the stack itself and its config. @default false */
  readonly remove?: boolean;
}

export interface EngineStack {
  readonly name: string;
  /** Whether its state holds resources. */
  isUp(): Promise<boolean>;
  config(): Promise<ConfigValues>;
  /** Other keys stay as they are. */
  setConfig(values: ConfigValues): Promise<void>;
  removeConfig(keys: readonly string[]): Promise<void>;
  preview(options?: RunOptions): Promise<RunOutcome>;
  /** Failed resources are in the outcome and not thrown. Throws StackLockedError while another run holds the stack. */
  up(options?: RunOptions): Promise<RunOutcome>;
  /** Secrets are decrypted. */
  outputs(): Promise<Readonly<Record<string, unknown>>>;
  pending(): Promise<readonly PendingOperation[]>;
  /** Removes pending operations from the state. The next `up` with `takeOver` finds the objects that they made. */
  forgetPending(): Promise<void>;
  /** Breaks the lock of a dead run. */
  unlock(): Promise<void>;
  /** What its state holds. Throws STATE-UNREADABLE. */
  held(): Promise<Held>;
  /** Deletes all resources but those to keep, protected ones too. */
  destroy(options: DestroyOptions): Promise<RunOutcome>;
  /** Deletes the stack itself and its config file. Throws for a stack with resources. */
  remove(): Promise<void>;
}

export interface StackEngine {
  /** `pulumi v3.274.1 (/usr/local/bin/pulumi)` */
  readonly describe: string;
  /** Names of the stacks of this project. */
  list(): Promise<readonly string[]>;
  /** Plain values of a stack's config file, without secrets. The backend need not know the stack. */
  fileConfig(stack: string): Promise<ConfigValues | undefined>;
  /** Throws STACK-UNKNOWN (exit 2) with the nearest names. */
  select(stack: string): Promise<EngineStack>;
  /** Throws STACK-EXISTS (exit 6). `values` become its config file. */
  create(stack: string, values: ConfigValues): Promise<EngineStack>;
}
