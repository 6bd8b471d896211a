/** What a command gets and what it gives back. `dr.ts` declares the flags, builds the context, prints the result and exits. */
import type { Command } from 'commander';
import type { ExitCode } from '../recovery/core/errors.ts';
import type { Logger } from '../recovery/core/log.ts';
import type { Confirmation, Progress } from '../recovery/core/progress.ts';

/** Options of every command, as typed. */
export interface GlobalOptions {
  readonly env?: string;
  readonly output: 'table' | 'json';
  readonly color: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
}

export interface Invocation {
  /** `dr points show` */
  readonly command: string;
  /** The command's own flags and arguments; `env` is added by who runs it. */
  readonly options: Record<string, unknown>;
  readonly globals: GlobalOptions;
  readonly needsSite: boolean;
  load(): Promise<Execute<never>>;
}

/** Turns a lazily loaded command into commander's action. `args` names the positional arguments. */
export type Action = (
  load: () => Promise<Execute<never>>,
  settings?: { readonly args?: readonly string[]; readonly needsSite?: boolean },
) => (...given: unknown[]) => Promise<void>;

export type Declare = (program: Command, action: Action) => void;

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
