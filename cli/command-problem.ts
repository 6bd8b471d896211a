/** Parses a command line of this program without running it. */
import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
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
