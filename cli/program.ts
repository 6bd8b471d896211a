/** The command line's root: global options, help, and the table of commands. */
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import type { Declare, Execute } from './command.ts';

/** A command's file is loaded only when its name was typed: the engines behind all of them take more than a second. */
type Row = readonly [name: string, summary: string, load: () => Promise<{ readonly declare: Declare }>];

/** In the order of the help. The summary is the description that the command's file declares. */
export const COMMANDS: readonly Row[] = [
  ['plan', 'Show and check the recovery plan that everything else follows.', () => import('./commands/plan.ts')],
  [
    'setup',
    'Look at what runs on this host or in a cluster, propose the configuration for it, and write it after consent.',
    () => import('./commands/setup/setup.ts'),
  ],
  [
    'init',
    'Prepare the repositories: pgBackRest stanza, restic repository, and the script for archive_command.',
    () => import('./commands/init.ts'),
  ],
  [
    'backup',
    'Copy every workload to every repository and write a recovery point to each, last.',
    () => import('./commands/backup.ts'),
  ],
  [
    'points',
    'List, show and mark recovery points, and show the window that each store can be recovered to.',
    () => import('./commands/points.ts'),
  ],
  [
    'verify',
    'Check the repositories: catalog chain, checksums, WAL without gaps; with --deep by a scratch restore.',
    () => import('./commands/verify.ts'),
  ],
  [
    'prune',
    'Remove what is older than its repository’s retention. Keeps the last verified, held and leased points.',
    () => import('./commands/prune.ts'),
  ],
  [
    'repository',
    'Show what a repository holds and lacks, and bring it into order.',
    () => import('./commands/repository/family.ts'),
  ],
  [
    'restore',
    'Restore the platform, or a part of it, to a recovery target: plan, preflight, execute, verify, report.',
    () => import('./commands/restore.ts'),
  ],
  [
    'find',
    'Find the moment: which transaction dropped, emptied or changed a table, or when a check stopped being true.',
    () => import('./commands/find/find.ts'),
  ],
  [
    'rebuild',
    'Rebuild the platform as a fresh stack from a recovery point: resolve, preview, confirm, bring up tier by tier, verify, report.',
    () => import('./commands/rebuild.ts'),
  ],
  [
    'restore-volume',
    'Fill an empty volume from a copy before its server or service first starts; one with data is not changed.',
    () => import('./commands/restore-volume.ts'),
  ],
  [
    'offsite',
    'Write, list and verify off-site copies of recovery points, on a drive or at a partner’s S3 endpoint.',
    () => import('./commands/offsite.ts'),
  ],
  [
    'keys',
    'Keep what a recovery needs besides the repositories: passphrases, keys, endpoints, the plan, this program.',
    () => import('./commands/keys.ts'),
  ],
  [
    'assess',
    'Report what is alive, lost or damaged, which scenario of the plan that is, and what to run next.',
    () => import('./commands/assess.ts'),
  ],
  [
    'incident',
    'Declare an incident, tell people, keep its clocks and timeline, and write its post-mortem.',
    () => import('./commands/incident/family.ts'),
  ],
  [
    'health',
    'Check that every service, PostgreSQL and Redis answer, a tier at a time. Exit 1 when one is not healthy.',
    () => import('./commands/health.ts'),
  ],
  [
    'doctor',
    'Check this machine: engines and their versions, keys, folders, and what is missing to back up or restore.',
    () => import('./commands/doctor.ts'),
  ],
  [
    'objectives',
    'Compare the plan’s RTO and RPO with the age of the newest copies and the last measured restores.',
    () => import('./commands/objectives.ts'),
  ],
  [
    'readiness',
    'Say whether this site could recover today: copies, tests, keys, people, forecast. Exit 4 when not.',
    () => import('./commands/readiness/readiness.ts'),
  ],
  [
    'monitor',
    'Print the metrics of recovery: age of copies, WAL, verification, drills, objectives; or serve them.',
    () => import('./commands/monitor.ts'),
  ],
  [
    'receive-wal',
    'Receive the WAL of an external PostgreSQL (external.postgres.wal) until stopped.',
    () => import('./commands/wal/receive.ts'),
  ],
  [
    'failover',
    'Let the standby of a stack take over: inspect both sites, fence the old primary, promote, verify.',
    () => import('./commands/failover.ts'),
  ],
  [
    'failback',
    'Return to a site that was failed over from: re-clone it as a standby of the new primary, then, without loss, promote it.',
    () => import('./commands/failback.ts'),
  ],
  [
    'harden',
    'Offer the plan’s pod security to namespaces that are there, and say first what it would break.',
    () => import('./commands/harden/harden.ts'),
  ],
  [
    'runbook',
    'Print the runbook of this site, or walk it step by step during an incident.',
    () => import('./commands/runbook/runbook.ts'),
  ],
  [
    'isolate',
    'Cut the platform off: services stop, and database and network let in nobody but the team. Can be undone.',
    () => import('./commands/breach/isolate.ts'),
  ],
  [
    'evidence',
    'Collect, list, verify and hold the evidence of a breach, with a custody log; report a quarter to the auditor.',
    () => import('./commands/breach/evidence.ts'),
  ],
  [
    'secrets',
    'Replace the secrets of this host, and prove that the old ones are dead.',
    () => import('./commands/breach/secrets.ts'),
  ],
  [
    'adopt',
    'Take over a running PostgreSQL or Redis of the platform: follow it, switch in seconds, go back until it is released.',
    () => import('./commands/adopt/family.ts'),
  ],
  [
    'drill',
    'Build a throwaway platform, stage a disaster of the plan, recover from it and prove it with data.',
    () => import('./commands/drill.ts'),
  ],
  [
    'exercise',
    'Prepare, run and score an exercise of the team, by a scenario of the plan.',
    () => import('./commands/exercise/family.ts'),
  ],
  [
    'impact',
    'Report what a change of a stack means for recovery, in Markdown. Exit 4 when something gets worse.',
    () => import('./commands/impact.ts'),
  ],
  [
    'cost',
    'Say what the copies cost in a month, by repository, and the changes that save most at the same objectives.',
    () => import('./commands/cost/cost.ts'),
  ],
  [
    'unlock',
    'Show who holds a lock, and break it after its holder is known to be dead.',
    () => import('./commands/unlock.ts'),
  ],
  [
    'uninstall',
    'List what leaving this program takes away, what stays, and the commands for it. Changes nothing.',
    () => import('./commands/uninstall/uninstall.ts'),
  ],
];

/** Former names: not shown, and called by the pods of stacks that were deployed before. */
const FORMER_NAMES: Readonly<Record<string, string>> = { seed: 'restore-volume' };

const IN_A_STACK = `
In the cluster of a stack:
  dr --stack NAME COMMAND …   run a command that reads, verifies or marks in a pod of that stack, with that pod's rights
  $ dr --stack production points
  $ dr --stack production -o json health --comprehensive`;

const EXIT_CODES = `
Exit codes:
  0 ok · 1 failure · 2 bad usage or config · 3 partial · 4 objective missed · 5 verification failed
  6 locked or a precondition unmet · 7 confirmation refused · 130 interrupted`;

/** Options of every command, as typed. */
export type GlobalOptions = ReturnType<ReturnType<typeof rootOf>['opts']>;
export type Program = ReturnType<typeof rootOf>;

function rootOf(version: string) {
  return new Command('dr')
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
    .addHelpText('after', `${IN_A_STACK}\n${EXIT_CODES}`);
}

/**
 * Never ends the process: parse errors and `--help` arrive as CommanderError.
 * `words` are those typed; a command whose name is not among them has only its summary. @default all commands are loaded
 */
export async function buildProgram(parts: {
  readonly version: string;
  readonly execute: Execute;
  readonly words?: readonly string[];
}): Promise<Program> {
  const { version, execute, words } = parts;
  const isTyped = (name: string): boolean => words === undefined || words.includes(name);
  const program = rootOf(version);
  for (const [name, summary, load] of COMMANDS) {
    const command = isTyped(name) ? (await load()).declare(execute) : new Command(name).description(summary);
    program.addCommand(command);
  }
  for (const [former, name] of Object.entries(FORMER_NAMES)) {
    const row = COMMANDS.find(([each]) => each === name);
    if (row === undefined || !isTyped(former)) continue;
    program.addCommand((await row[2]()).declare(execute).name(former), { hidden: true });
  }
  inherit(program);
  // The root lists names alone: of a command that is not loaded it knows no arguments.
  program.configureHelp({ ...program.configureHelp(), subcommandTerm: (command) => command.name() });
  return program;
}

/** Commands are made in files of their own, before they have a parent to take the settings from. */
function inherit(parent: CommandUnknownOpts): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inherit(command);
  }
}

/** Wide enough for the option columns, narrow enough to read. */
function helpWidth(): number {
  return Math.min(process.stdout.columns ?? 100, 110);
}
