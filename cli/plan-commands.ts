/** Whether the `dr …` lines of a plan are commands of this program, with flags that these have: at three in the morning nobody guesses. */
import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { type Finding, fieldName } from '../plan/checks/finding.ts';
import { plannedCommands } from '../plan/commands.ts';
import type { Plan } from '../plan/types.ts';
import { messageOf } from '../recovery/core/errors.ts';
import { buildProgram } from './program.ts';

/** Why the line is no command of this program; undefined where it is one, and for lines of other programs. Runs nothing. */
export async function commandProblem(line: string): Promise<string | undefined> {
  const [name, ...words] = line.trim().split(/\s+/);
  if (name !== 'dr') return undefined;
  const program = await buildProgram({ version: '0', execute: async () => {}, words });
  silence(program);
  try {
    await program.parseAsync(words, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    return messageOf(error).replace(/^error: /, '');
  }
}

/** `--help` would print. */
function silence(command: CommandUnknownOpts): void {
  command.configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} });
  for (const each of command.commands) silence(each);
}

export async function commandFindings(plan: Plan): Promise<Finding[]> {
  const found = await Promise.all(
    plannedCommands(plan).map(async ({ path, line }): Promise<Finding[]> => {
      const problem = await commandProblem(line);
      if (problem === undefined) return [];
      const fact = `\`${line}\` is not a command of this version: ${problem}`;
      const hint = '`dr help` lists the commands, `dr COMMAND --help` the flags of one';
      return [{ severity: 'error', code: 'COMMAND-UNKNOWN', where: fieldName(plan, path), fact, hint, path }];
    }),
  );
  return found.flat();
}
