/** The command line's root: global options, help, and what every command inherits. */
import { Command, Option } from 'commander';
import type { Execute } from '../commands/command.ts';
import { declareBackup, declareInit } from './backup.ts';
import { declareDrill } from './drill.ts';
import { declareFailback, declareFailover } from './failover.ts';
import { declareImpact } from './impact.ts';
import { declareKeys } from './keys.ts';
import { declareMonitor } from './monitor.ts';
import { declareOffsite } from './offsite.ts';
import { declarePlan } from './plan.ts';
import { declarePoints } from './points.ts';
import { declareQuestions } from './questions.ts';
import { declareRebuild } from './rebuild.ts';
import { declareRestore, declareUnlock } from './restore.ts';
import { declareSeed } from './seed.ts';
import { pathOf } from './usage.ts';
import { declarePrune, declareVerify } from './verify.ts';

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

const FAMILIES: readonly Declare[] = [
  declarePlan,
  declareInit,
  declareBackup,
  declarePoints,
  declareVerify,
  declarePrune,
  declareRestore,
  declareRebuild,
  declareSeed,
  declareOffsite,
  declareKeys,
  declareQuestions,
  declareMonitor,
  declareFailover,
  declareFailback,
  declareDrill,
  declareImpact,
  declareUnlock,
];

const EXIT_CODES = `
Exit codes:
  0 ok · 1 failure · 2 bad usage or config · 3 partial · 4 objective missed · 5 verification failed
  6 locked or a precondition unmet · 7 confirmation refused · 130 interrupted`;

/** Never ends the process: parse errors and `--help` arrive as CommanderError. */
export function buildProgram(version: string, onInvocation: (invocation: Invocation) => Promise<void>): Command {
  const program = new Command('dr')
    .description('Backs up the Go Coffee platform, rebuilds it after a disaster, and proves that it can.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .option('--env <file>', 'environment file (default: $DR_ENV, ./dr.yaml, /etc/go-coffee-dr/dr.yaml)')
    .addOption(new Option('-o, --output <format>', 'what stdout holds').choices(['table', 'json']).default('table'))
    .option('--no-color', 'no colour (NO_COLOR is honoured too)')
    .option('-v, --verbose', 'show what is run, and the causes of errors', false)
    .option('--quiet', 'no progress, only errors on stderr', false)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeErr: () => {}, getOutHasColors: () => false, getOutHelpWidth: helpWidth })
    .showSuggestionAfterError(true)
    .exitOverride()
    .addHelpText('after', EXIT_CODES);

  const action: Action =
    (load, settings = {}) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      const names = settings.args ?? [];
      const args = Object.fromEntries(
        names.map((name, n) => [name, given[n]]).filter(([, value]) => value !== undefined),
      );
      await onInvocation({
        command: pathOf(command),
        options: { ...command.opts(), ...args },
        globals: program.opts(),
        needsSite: settings.needsSite ?? true,
        load,
      });
    };
  for (const declare of FAMILIES) declare(program, action);
  return program;
}

/** Wide enough for the option columns, narrow enough to read. */
function helpWidth(): number {
  return Math.min(process.stdout.columns ?? 100, 110);
}
