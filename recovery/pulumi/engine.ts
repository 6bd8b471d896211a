/** What `dr` asks of the engine that runs the stacks. The adapter is Pulumi's Automation API; nothing else here knows it. */

/** A value of a stack's config, without the project's name in its key. */
export interface ConfigValue {
  /** Text, or anything that JSON can hold. */
  readonly value: unknown;
  /** Encrypted in the stack's file. @default false */
  readonly secret?: boolean;
}
export type ConfigValues = Readonly<Record<string, ConfigValue>>;

/** Of a resource that is a Kubernetes object: who it is there. */
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
  /** Of the resource in the program. */
  readonly name: string;
  /** Absent for what is no Kubernetes object. */
  readonly object?: EngineObject;
  /** With state `failed`: what the provider said. */
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
  /** A resource that fails does not stop those that don't need it. @default false */
  readonly keepGoing?: boolean;
  /**
   * What is there already under the same name becomes the stack's own. Only after a run that died: at any other time it is somebody
   * else's, and a create that meets it fails. @default false
   */
  readonly takeOver?: boolean;
}

export interface RunOutcome {
  readonly succeeded: boolean;
  /** By op: `create`, `update`, `replace`, `delete`, `same`. */
  readonly changes: Readonly<Record<string, number>>;
  readonly failed: readonly ResourceEvent[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Begun by a run that died before it heard how it ended. */
export interface PendingOperation {
  readonly urn: string;
  readonly op: string;
}

export interface EngineStack {
  readonly name: string;
  /** It has been up: there are resources in its state. */
  isUp(): Promise<boolean>;
  config(): Promise<ConfigValues>;
  /** Keys that are not named stay as they are. */
  setConfig(values: ConfigValues): Promise<void>;
  removeConfig(keys: readonly string[]): Promise<void>;
  preview(options?: RunOptions): Promise<RunOutcome>;
  /** Never throws for resources that fail: the outcome says so. Throws StackLockedError while another run holds the stack. */
  up(options?: RunOptions): Promise<RunOutcome>;
  /** Secrets in plain. */
  outputs(): Promise<Readonly<Record<string, unknown>>>;
  pending(): Promise<readonly PendingOperation[]>;
  /** Strikes pending operations out of the state: what they made is found again by the next `up` that may take over. */
  forgetPending(): Promise<void>;
  /** Breaks the lock of a run that is dead. */
  unlock(): Promise<void>;
  /** Everything that it holds, protected resources too. The stack itself and its config go with `remove`. */
  destroy(options?: RunOptions & { readonly remove?: boolean }): Promise<RunOutcome>;
  /** The stack itself and its config file. Throws for one that holds something. */
  remove(): Promise<void>;
}

export interface StackEngine {
  /** `pulumi v3.274.1 (/usr/local/bin/pulumi)` */
  readonly describe: string;
  /** Names of the stacks of this project. */
  list(): Promise<readonly string[]>;
  /** Plain values of a stack's config file, also of a stack that the backend does not know (any more); secrets are left out. */
  fileConfig(stack: string): Promise<ConfigValues | undefined>;
  /** Throws STACK-UNKNOWN (exit 2) with the nearest names. */
  select(stack: string): Promise<EngineStack>;
  /** Throws STACK-EXISTS (exit 6). Values are those of its new config file. */
  create(stack: string, values: ConfigValues): Promise<EngineStack>;
}
