/** What a command is made of. A file in `commands/` defines one; `program.ts` collects them and `dr.ts` runs the one that was typed. */
import type { Command, CommandUnknownOpts, OptionValues } from '@commander-js/extra-typings';
import type { ExitCode } from '../recovery/core/errors.ts';
import type { Logger } from '../recovery/core/log.ts';
import type { Confirmation, Progress } from '../recovery/core/progress.ts';

export interface CommandContext {
  /** Path of the environment file, where one was named or found. */
  readonly env: string | undefined;
  readonly log: Logger;
  readonly progress: Progress;
  /**
   * Returns when the name was typed, or given by `--confirm NAME`.
   * Throws CONFIRM-REFUSED (exit 7) for a wrong or missing name, saying what to type.
   */
  confirm(confirmation: Confirmation): Promise<void>;
  now(): Date;
  /** Why a line that a plan holds is no command of this program; undefined where it is one. Runs nothing. */
  commandProblem(line: string): Promise<string | undefined>;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Whether `text` on stdout may hold colour. */
  readonly color: boolean;
  /** Whether the result is printed as JSON. */
  readonly json: boolean;
}

/** For commands that can't work without an environment file. */
export interface SiteContext extends CommandContext {
  readonly env: string;
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

/** A command line that was parsed and checked. */
export type Invocation = { readonly command: CommandUnknownOpts } & (
  | { readonly needsSite: true; run(context: SiteContext): Promise<CommandResult> }
  | { readonly needsSite: false; run(context: CommandContext): Promise<CommandResult> }
);

export type Execute = (invocation: Invocation) => Promise<void>;

/** Makes a command whose action is run by `execute`. */
export type Declare = (execute: Execute) => CommandUnknownOpts;

interface Definition<Args extends unknown[], Options extends OptionValues, Context> {
  /** Name, description, options, arguments, examples. */
  readonly declare: () => Command<Args, Options>;
  /** Refuses what the command line alone shows to be wrong, before an environment file is looked for. Throws exit 2. */
  readonly check?: (options: Options, command: Command<Args, Options>) => void | Promise<void>;
  readonly run: (options: Options, context: Context, ...args: Args) => Promise<CommandResult>;
}

/** The types of a command's options, as its declaration says. */
export type OptionsOf<Declaration extends () => { opts(): OptionValues }> = ReturnType<ReturnType<Declaration>['opts']>;

/** A command that needs an environment file. */
export function siteCommand<Args extends unknown[], Options extends OptionValues>(
  definition: Definition<Args, Options, SiteContext>,
): Declare {
  return (execute) =>
    withAction(definition, (command, options) =>
      execute({
        command,
        needsSite: true,
        run: (context) => definition.run(options, context, ...command.processedArgs),
      }),
    );
}

/** A command for the site of an environment file; with `--stack NAME`, for a stack, which needs none. */
export function siteOrStackCommand<Args extends unknown[], Options extends OptionValues & { stack?: string }>(
  definition: Definition<Args, Options, SiteContext> & {
    readonly runForStack: (
      options: Options & { stack: string },
      context: CommandContext,
      ...args: Args
    ) => Promise<CommandResult>;
  },
): Declare {
  return (execute) =>
    withAction(definition, (command, options) => {
      const { stack } = options;
      const args = command.processedArgs;
      return execute(
        stack === undefined
          ? { command, needsSite: true, run: (context) => definition.run(options, context, ...args) }
          : {
              command,
              needsSite: false,
              run: (context) => definition.runForStack({ ...options, stack }, context, ...args),
            },
      );
    });
}

/** A command that works without an environment file too. */
export function freeCommand<Args extends unknown[], Options extends OptionValues>(
  definition: Definition<Args, Options, CommandContext>,
): Declare {
  return (execute) =>
    withAction(definition, (command, options) =>
      execute({
        command,
        needsSite: false,
        run: (context) => definition.run(options, context, ...command.processedArgs),
      }),
    );
}

function withAction<Args extends unknown[], Options extends OptionValues, Context>(
  { declare, check }: Definition<Args, Options, Context>,
  act: (command: Command<Args, Options>, options: Options) => Promise<void>,
): CommandUnknownOpts {
  const command = declare();
  return command.action(async () => {
    const options = command.opts();
    await check?.(options, command);
    await act(command, options);
  });
}

/** Options of the member that a family's name alone means: its own help does not list them. */
function defaultHelp(family: string, member: CommandUnknownOpts): string {
  const flags = member.options.flatMap(({ hidden, long }) => (hidden || long == null ? [] : [long]));
  const also = flags.length === 0 ? '' : `, with its options: ${flags.join(', ')}`;
  return `\nWithout a command it is \`dr ${family} ${member.name()}\`${also}`;
}

/** A command that only holds others: `dr points list`, `dr points show`. */
export function commandFamily(family: {
  readonly declare: () => CommandUnknownOpts;
  readonly members: readonly Declare[];
  /** What the family's name alone means. @default bad usage */
  readonly byDefault?: Declare;
}): Declare {
  return (execute) => {
    const parent = family.declare();
    for (const member of family.members) {
      const command = member(execute);
      const isDefault = member === family.byDefault;
      parent.addCommand(command, { isDefault });
      if (isDefault) parent.addHelpText('after', defaultHelp(parent.name(), command));
    }
    return parent;
  };
}
