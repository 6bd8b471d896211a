/** The command line's root: global options, help, and what every command inherits. */
import { Command, Option } from 'commander';
import type { Action, Declare, Invocation } from './command.ts';
import { declareBackup } from './commands/backup.ts';
import { declareDrill } from './commands/drill.ts';
import { declareFailback } from './commands/failback.ts';
import { declareFailover } from './commands/failover.ts';
import { declareQuestions } from './commands/health.ts';
import { declareImpact } from './commands/impact.ts';
import { declareInit } from './commands/init.ts';
import { declareKeys } from './commands/keys.ts';
import { declareMonitor } from './commands/monitor.ts';
import { declareOffsite } from './commands/offsite.ts';
import { declarePlan } from './commands/plan.ts';
import { declarePoints } from './commands/points.ts';
import { declarePrune } from './commands/prune.ts';
import { declareRebuild } from './commands/rebuild.ts';
import { declareRestore } from './commands/restore.ts';
import { declareSeed } from './commands/seed.ts';
import { declareUnlock } from './commands/unlock.ts';
import { declareVerify } from './commands/verify.ts';
import { pathOf } from './usage.ts';

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
